// Reads arbitrary bytes as the inside of a trace chunk, and as a chunk. Nothing may crash, hang or
// grow beyond measure. Built for libFuzzer (fuzz/CMakeLists.txt); trace_codec_test.cpp feeds it as
// well.
#include <zstd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "preload/capture/trace_codec.h"

namespace {

void read_chunk(std::string_view data) {
  using namespace heapscribe::capture;
  try {
    TraceDecoder decoder(data);
    for (TraceRecord record; decoder.next(record);) {
    }
  } catch (const TraceError&) {
    return;  // said so
  }
}

std::string packed(std::string_view raw) {
  std::string chunk(1 + ZSTD_compressBound(raw.size()), '\1');
  chunk.resize(1 + ZSTD_compress(chunk.data() + 1, chunk.size() - 1, raw.data(), raw.size(), 1));
  return chunk;
}

}  // namespace

extern "C" int fuzz_trace_chunk(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_chunk(bytes);
  read_chunk(packed(bytes));
  return 0;
}

#ifdef HEAPSCRIBE_LIBFUZZER
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz_trace_chunk(data, size);
}
#endif
