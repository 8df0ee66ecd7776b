// What is done once a recording has stopped: the last numbers, symbols, one file, one sentence.
#pragma once

#include <string>

#include "preload/capture/database.h"
#include "preload/collector/collector.h"

namespace heapscribe::cli {

enum class Symbols { LookUp, Leave };

struct Outcome {
  bool recorded = false;  // the database has everything
  std::string sentence;   // what to tell people, without "heapscribe: "
};

// Finishes the recording and removes its session. Whatever fails becomes the sentence; as long as
// the database lacks something the session stays.
Outcome finish_recording(collector::Collector& collector, collector::SessionFile& session,
                         collector::Stop stop, const collector::End& end, Symbols symbols);

// The later part alone: symbols and a single file. The sentence is the closing line.
std::string complete_recording(capture::Database& recording, Symbols symbols);

}  // namespace heapscribe::cli
