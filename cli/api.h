// Api: what commands need of the control plane. BusApi speaks to the real one; tests bring a fake.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"
#include "services/runtime/actor.h"

namespace cara::cli {

// Change events of one subject, as hints to look again.
class Hints {
 public:
  virtual ~Hints() = default;
  // Returns when an event came, or after `patience`, or when the user interrupted.
  virtual void wait(runtime::Duration patience) = 0;
};

class Streams;

class Api {
 public:
  virtual ~Api() = default;
  // `operation` is `<kind>.<verb>`. The answer may hold an error (schema/codec.h).
  virtual Result<runtime::Payload> call(std::string_view operation, const runtime::Payload& body,
                                        runtime::Duration timeout) = 0;
  virtual Result<std::unique_ptr<Hints>> watch(const std::string& subject) = 0;
  // Of this process; as long-lived as the Api.
  virtual Streams& streams() = 0;
  // What everybody who hears `subject` answers within `patience`, or until `done` says that no more
  // is to be waited for.
  struct Heard {
    runtime::Payload body;
    runtime::Duration after{};  // since the question was sent
  };
  using IsDone = std::function<bool(const std::vector<Heard>& so_far)>;
  virtual Result<std::vector<Heard>> ask_all(const std::string& subject, runtime::Duration patience,
                                             const IsDone& done) {
    (void)subject, (void)patience, (void)done;
    return unavailable("nobody to ask");
  }
};

}  // namespace cara::cli
