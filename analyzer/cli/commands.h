// The command line as a whole.
#pragma once

#include <CLI/CLI.hpp>

namespace heapscribe::cli {

// Adds every command there is.
void add_all_commands(CLI::App& app, int& status);

// A usage error as one sentence that ends with where to read on.
std::string usage_sentence(const CLI::App& app, const CLI::ParseError& error);

// Parses and runs; returns the exit status. Throws only what a command throws.
int run(int argc, char** argv);

}  // namespace heapscribe::cli
