// What commands print, and where it can fail: a closed pipe ends them quietly, a full disk is an
// error.
#pragma once

#include <functional>
#include <iosfwd>
#include <stdexcept>
#include <string>

#include "analyzer/render/writers.h"

namespace heapscribe::cli {

// The reader of our output has gone (`| head`): not an error, but nothing more to do.
class OutputClosed : public std::runtime_error {
 public:
  OutputClosed() : std::runtime_error("the output was closed") {}
};

// Runs `write` on standard output and flushes it. Throws OutputClosed, or std::runtime_error with
// one sentence.
void print(const std::function<void(std::ostream&)>& write);

// Prints a document; notes that the format has no place for go to stderr.
void print(const render::Document& document, render::Format format);

// One line on stderr.
void note(const std::string& sentence);

}  // namespace heapscribe::cli
