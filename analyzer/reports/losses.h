// What the recording missed.
#pragma once

#include <string>
#include <vector>

#include "analyzer/model/capture_reader.h"

namespace heapscribe::reports {

// Every kind, lost or not.
std::vector<model::Loss> find_losses(const model::CaptureReader& reader);

bool nothing_lost(const std::vector<model::Loss>& losses);

// Sentences that every report on this recording has to show: losses, the state of the recording,
// missing symbols. Empty when there is nothing to say.
std::vector<std::string> caveats(const model::CaptureReader& reader);

// And what only those have to show that are on the recording as a whole: why a leak check is
// missing.
std::vector<std::string> caveats_of_all(const model::CaptureReader& reader);

}  // namespace heapscribe::reports
