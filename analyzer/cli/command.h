// What a command is: a function that adds its subcommand, options and action to the application.
#pragma once

#include <CLI/CLI.hpp>

namespace heapscribe::cli {

// Exit statuses of every command: 0 fine, 1 a check failed, 2 usage or input error.
inline constexpr int kExitFine = 0;
inline constexpr int kExitFinding = 1;
inline constexpr int kExitInput = 2;

// Adds one subcommand to `app`; its callback stores the exit status of the process in `status`.
// An action reports bad input by throwing std::exception with one clear sentence; main prints it
// as "heapscribe: SENTENCE" and exits with kExitInput.
using AddCommand = void (*)(CLI::App& app, int& status);

// One per file in this folder, unless it says otherwise.
void add_run_command(CLI::App& app, int& status);        // record a program (record_command.cpp)
void add_collect_command(CLI::App& app, int& status);    // the collector under bare LD_PRELOAD
void add_recover_command(CLI::App& app, int& status);    // a database from an interrupted recording
void add_symbolize_command(CLI::App& app, int& status);  // resolve addresses into the database
void add_trace_command(CLI::App& app, int& status);
void add_query_command(CLI::App& app, int& status);  // SQL over the recording
void add_report_commands(CLI::App& app,
                         int& status);  // summary, hotspots, peak, temporary, leaks, sizes
void add_growth_commands(CLI::App& app, int& status);      // growth, snapshots
void add_difference_commands(CLI::App& app, int& status);  // diff, compare
void add_check_command(CLI::App& app, int& status);        // check
void add_health_command(CLI::App& app, int& status);       // health
void add_sections_command(CLI::App& app, int& status);
void add_source_commands(CLI::App& app, int& status);  // source, timeline
void add_control_command(CLI::App& app, int& status);  // asks a recording that is under way
void add_view_command(CLI::App& app, int& status);     // the page (viewer/view_command.cpp)

}  // namespace heapscribe::cli
