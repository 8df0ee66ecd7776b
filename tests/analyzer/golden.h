// Expected outputs as files. HEAPSCRIBE_UPDATE_GOLDEN=1 writes them anew; look at the difference
// before it is committed.
#pragma once

#include <string>

namespace heapscribe::tests {

// Fails the running test where `text` differs from tests/golden/NAME.
void expect_golden(const std::string& name, const std::string& text);

// Every line of `text` that is wider than `width` columns fails the running test.
void expect_width(const std::string& text, std::size_t width);

}  // namespace heapscribe::tests
