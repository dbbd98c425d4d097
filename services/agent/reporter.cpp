#include "services/agent/reporter.h"

#include <utility>

#include "schema/wire.h"

namespace cara::agent {

void Reporter::want(schema::StatusRequest request) {
  std::string bytes = schema::pack_message(request);
  if (bytes == wanted_bytes_) return;
  wanted_ = std::move(request);
  wanted_bytes_ = std::move(bytes);
  failures_ = 0;
  retry_at_ = {};
}

void Reporter::forget() {
  wanted_.reset();
  wanted_bytes_.clear();
  acknowledged_.clear();
}

std::optional<schema::StatusRequest> Reporter::take(runtime::MonoTime now) {
  const auto when = due();
  if (!when || now < *when) return std::nullopt;
  sent_bytes_ = wanted_bytes_;
  sent_phase_ = wanted_->phase;
  acknowledged_.clear();  // by then it may have been overwritten, whether we hear of it or not
  return wanted_;
}

std::optional<schema::Phase> Reporter::answered(const Result<schema::RevisionReply>& reply,
                                                runtime::MonoTime now) {
  const std::string sent = std::exchange(sent_bytes_, {});
  const bool doubted = std::exchange(is_doubted_, false);
  if (sent.empty()) return std::nullopt;  // the report of a former holder of this name
  if (!reply.ok()) {
    ++failures_;
    retry_at_ = now + kReportBackoff.after(failures_);
    return std::nullopt;
  }
  failures_ = 0;
  if (sent != wanted_bytes_) return std::nullopt;  // it spoke of something older
  if (!doubted) acknowledged_ = sent;
  return sent_phase_;
}

std::optional<runtime::MonoTime> Reporter::due() const {
  if (!wanted_ || !sent_bytes_.empty() || wanted_bytes_ == acknowledged_) return std::nullopt;
  return retry_at_;
}

}  // namespace cara::agent
