// What the pool counted, into the database. Nothing is written for a program on another allocator.
#pragma once

#include "preload/capture/capture_writer.h"
#include "preload/collector/session_view.h"

namespace heapscribe::collector {

// Values of table `recording`; to be called before a flush.
void set_pool_totals(const SessionView& view, capture::CaptureWriter& writer);
// Tables pool_class and pool_time; to be called by a flush.
void write_pool_tables(const SessionView& view, capture::CaptureWriter& writer);

}  // namespace heapscribe::collector
