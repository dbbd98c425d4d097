// What an error answer of the Docker engine means to us.
#pragma once

#include <string>
#include <string_view>

#include "schema/result.h"

namespace cara::docker {

// Longer ones are cut: the engine quotes whole commands in its messages.
inline constexpr std::size_t kMaxMessage = 512;

// The engine's words as one sentence: no newline, no control character, no trailing full stop.
std::string sentence(std::string_view text);

// An answer with a status of 300 and above. `what` is the operation: `create container web`.
Error error_of(long status, std::string_view body, const std::string& what);

// A pull that failed, in the answer's status (404, 500) or inside a 200 stream (status 0).
Error pull_error(long status, std::string_view message, const std::string& image);

}  // namespace cara::docker
