#include "analyzer/cli/output.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ostream>
#include <streambuf>

#include "analyzer/cli/progress.h"
#include "analyzer/render/printable.h"

namespace heapscribe::cli {
namespace {

// Writes to standard output and remembers why it could not.
class OutputBuffer : public std::streambuf {
 public:
  OutputBuffer() { reset(); }
  int error() const { return error_; }

 protected:
  int_type overflow(int_type c) override {
    if (sync() != 0) return traits_type::eof();
    if (c != traits_type::eof()) sputc(traits_type::to_char_type(c));
    return 0;
  }

  int sync() override {
    const char* from = pbase();
    while (error_ == 0 && from < pptr()) {
      const ssize_t written = ::write(STDOUT_FILENO, from, static_cast<std::size_t>(pptr() - from));
      if (written >= 0) {
        from += written;
      } else if (errno != EINTR) {
        error_ = errno;
      }
    }
    reset();
    return error_ == 0 ? 0 : -1;
  }

 private:
  void reset() { setp(buffer_.data(), buffer_.data() + buffer_.size()); }

  std::array<char, 1 << 16> buffer_;
  int error_ = 0;
};

}  // namespace

void print(const std::function<void(std::ostream&)>& write) {
  end_progress();
  OutputBuffer buffer;
  std::ostream out(&buffer);
  out.exceptions(std::ios::badbit);
  try {
    write(out);
    out.flush();
  } catch (const std::ios_base::failure&) {
    if (buffer.error() == EPIPE) throw OutputClosed();
    throw std::runtime_error(std::string("cannot write the output: ") +
                             std::strerror(buffer.error()));
  }
}

void print(const render::Document& document, render::Format format) {
  print([&](std::ostream& out) { render::write(out, document, format); });
  if (!render::leaves_out_notes(document, format)) return;
  for (const std::string& sentence : document.notes) note(sentence);
}

void note(const std::string& sentence) {
  end_progress();
  std::fprintf(stderr, "heapscribe: %s\n", render::printable(sentence).c_str());
}

}  // namespace heapscribe::cli
