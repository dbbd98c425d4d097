// Building effects in one line, and finding what a Request was for when its answer comes.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "schema/subjects.h"
#include "schema/wire.h"
#include "services/runtime/actor.h"
#include "services/runtime/ids.h"

namespace cara::runtime {

inline constexpr Duration kCallTimeout = std::chrono::seconds(5);

// A request to the apiserver. `operation` is `<kind>.<verb>`.
template <class Message>
Request call(RequestId id, const schema::Identity& caller, std::string_view operation,
             const Message& message, Duration timeout = kCallTimeout) {
  return {id, schema::api_subject(caller, operation), schema::pack_message(message), timeout};
}

// What the apiserver said, or why nothing came.
template <class Reply>
Result<Reply> open(const Answered& answer) {
  if (!answer.body.ok()) return answer.body.error();
  return schema::unpack_reply<Reply>(*answer.body);
}

inline Note note(Level level, std::string text) { return {level, std::move(text)}; }

// The requests of an actor that wait for their answers, with what each is about. The host ends
// every request (answer, no responders or timeout), so entries never pile up.
template <class About>
class Waiting {
 public:
  void add(RequestId id, About about) { waiting_.emplace(id, std::move(about)); }

  // What `id` was about; nothing if it is not ours. Forgets it.
  std::optional<About> take(RequestId id) {
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return std::nullopt;
    std::optional<About> about = std::move(found->second);
    waiting_.erase(found);
    return about;
  }

  std::size_t size() const { return waiting_.size(); }
  auto begin() const { return waiting_.begin(); }
  auto end() const { return waiting_.end(); }

 private:
  std::map<RequestId, About> waiting_;
};

}  // namespace cara::runtime
