// A signal to the collector's process that asks for a snapshot. The target gets neither the signal
// nor a handler.
#pragma once

#include <string>

namespace heapscribe::collector {

// Call it after forward_signals_to(): from now on this signal is ours alone.
void take_snapshots_at(int signal);
// How often it came since the last call.
unsigned asked_by_signal();

// "USR2", "SIGUSR2" or "12"; 0 for signals that are none, or that end or stop processes as such.
int signal_number(const std::string& name);

}  // namespace heapscribe::collector
