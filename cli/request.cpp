#include "cli/request.h"

#include "schema/time.h"

namespace cara::cli {

bool is_passing(const Error& error) {
  return error.code == Code::kTimeout || error.code == Code::kUnavailable;
}

Result<runtime::Payload> call_with_retries(Api& api, std::string_view operation,
                                           const runtime::Payload& body,
                                           runtime::Duration timeout) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Result<runtime::Payload> reply = api.call(operation, body, timeout / kAttempts);
    if (reply || reply.error().code != Code::kTimeout) return reply;
  }
  return timed_out(
      "timed out after " + format_duration_ms(timeout.count() / 1000) +
      "; it may or may not have happened: look, and repeat it with a longer --timeout");
}

}  // namespace cara::cli
