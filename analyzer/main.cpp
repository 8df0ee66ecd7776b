// heapscribe: parse, run, print, exit code.
#include <csignal>
#include <exception>

#include "analyzer/cli/command.h"
#include "analyzer/cli/commands.h"
#include "analyzer/cli/crash_report.h"
#include "analyzer/cli/output.h"

int main(int argc, char** argv) {
  namespace cli = heapscribe::cli;
  cli::report_crashes();
  try {
    return cli::run(argc, argv);
  } catch (const cli::OutputClosed&) {
    return cli::kExitFine;
  } catch (const std::exception& error) {
    cli::note(error.what());
    return cli::kExitInput;
  }
}
