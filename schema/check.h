// CARA_CHECK: a broken invariant ends the process, in release builds too. Never for bad input.
#pragma once

namespace cara {
[[noreturn]] void check_failed(const char* expression, const char* file, int line);
}  // namespace cara

#define CARA_CHECK(expression) \
  (static_cast<bool>(expression) ? void(0) : ::cara::check_failed(#expression, __FILE__, __LINE__))
