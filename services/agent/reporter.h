// Reporter: brings the newest report about one project to the apiserver. Each is repeated until it
// is acknowledged; a newer one replaces an older; what was acknowledged is not said again.
#pragma once

#include <optional>
#include <string>

#include "schema/messages.h"
#include "services/runtime/actor.h"
#include "services/runtime/backoff.h"

namespace cara::agent {

inline constexpr runtime::Backoff kReportBackoff{.base = std::chrono::milliseconds(200),
                                                 .max = std::chrono::seconds(5)};

class Reporter {
 public:
  // `request.registration` does not count as news: it is set when the report is sent.
  void want(schema::StatusRequest request);
  // Nothing is to be said any more, and what was said does not count: the project changed hands,
  // or the apiserver does not know it.
  void forget();
  // What is under way may have come too early.
  void say_again() {
    acknowledged_.clear();
    is_doubted_ = !sent_bytes_.empty();
  }

  // What is to be sent now. The caller sends it and gives its end to answered().
  std::optional<schema::StatusRequest> take(runtime::MonoTime now);
  // The phase that is now the apiserver's, if it took the report.
  std::optional<schema::Phase> answered(const Result<schema::RevisionReply>& reply,
                                        runtime::MonoTime now);
  // Of what is to be said, or was said last; empty: nothing.
  std::string message() const { return wanted_ ? wanted_->message : ""; }
  // When take() may have something; nothing if it will not by itself.
  std::optional<runtime::MonoTime> due() const;

 private:
  std::optional<schema::StatusRequest> wanted_;
  std::string wanted_bytes_;
  std::string sent_bytes_;   // not empty: the answer is awaited
  bool is_doubted_ = false;  // whatever that answer is, it is said again
  schema::Phase sent_phase_ = schema::Phase::kScheduled;
  std::string acknowledged_;
  std::uint32_t failures_ = 0;
  runtime::MonoTime retry_at_;
};

}  // namespace cara::agent
