// What the page gets when it asks: of a report, and of what is viewed.
#pragma once

#include <string>
#include <string_view>

#include "viewer/server/report_process.h"
#include "viewer/server/report_request.h"

namespace heapscribe::viewer {

struct Answer {
  unsigned status = 200;  // of HTTP
  std::string body;       // JSON
};

// {"error": sentence}; bytes that are no UTF-8 become U+FFFD.
Answer refusal(unsigned status, std::string_view sentence);

// {"data": the report's own bytes, "notes": [...], "status": exit status}, or a refusal.
Answer answer_of(const ReportRequest& request, Finished finished);

// Checks what is asked for, and runs it. Throws std::system_error if it cannot be started.
Answer run_report(std::string_view report, std::string_view query, const Recordings& recordings,
                  const ProcessSlots& slots, const Interruptions& interruptions);

// {"path", "other", "version", "live", "lacks"}
Answer describe(const Recordings& recordings, std::string_view version);

}  // namespace heapscribe::viewer
