// Typed calls to the control plane.
#pragma once

#include <chrono>
#include <string_view>

#include "cli/api.h"
#include "schema/wire.h"

namespace cara::cli {

// How often a call without an answer is sent before it counts as timed out. Every write carries a
// request id, so a repetition has one effect.
inline constexpr int kAttempts = 3;

// Whoever waits for something asks again after such an error, until nobody answered for kGiveUp: a
// control plane that restarts meanwhile is no reason to give up; one that stays away is.
bool is_passing(const Error& error);
inline constexpr std::chrono::seconds kGiveUp{30};

Result<runtime::Payload> call_with_retries(Api& api, std::string_view operation,
                                           const runtime::Payload& body, runtime::Duration timeout);

template <class Reply, class Request>
Result<Reply> call(Api& api, std::string_view operation, const Request& request,
                   runtime::Duration timeout) {
  const Result<runtime::Payload> body =
      call_with_retries(api, operation, schema::pack_message(request), timeout);
  if (!body) return body.error();
  return schema::unpack_reply<Reply>(*body);
}

}  // namespace cara::cli
