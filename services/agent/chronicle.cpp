#include "services/agent/chronicle.h"

#include <algorithm>
#include <utility>

#include "services/runtime/calls.h"

namespace cara::agent {

Chronicle::Chronicle(ChronicleOptions options, runtime::RequestIds& ids)
    : options_(std::move(options)),
      identity_{schema::Role::kAgent, schema::node_token(options_.node)},
      ids_(ids) {}

void Chronicle::add(const std::string& project, const std::string& uid,
                    const Occurrence& occurrence, runtime::Effects& out) {
  const auto same =
      std::find_if(waiting_.begin(), waiting_.end(), [&](const schema::ReportedEvent& event) {
        return event.uid == uid && event.reason == occurrence.reason &&
               event.about == occurrence.about &&
               (!event.about.empty() || event.message == occurrence.message);
      });
  if (same != waiting_.end()) {
    ++same->count;
    same->message = occurrence.message;
    return;
  }
  if (waiting_.size() == schema::kMaxReportedEvents) waiting_.erase(waiting_.begin());
  waiting_.push_back({.name = project,
                      .uid = uid,
                      .reason = occurrence.reason,
                      .message = occurrence.message,
                      .about = occurrence.about});
  if (timer_runs_) return;
  timer_runs_ = true;
  out.push_back(runtime::SetTimer{options_.timer, options_.delay});
}

bool Chronicle::handle(const runtime::Event& event, std::int64_t registration,
                       runtime::Effects& out) {
  if (const auto* fired = std::get_if<runtime::TimerFired>(&event)) {
    if (fired->id != options_.timer) return false;
    timer_runs_ = false;
    send(registration, out);
    return true;
  }
  const auto* answer = std::get_if<runtime::Answered>(&event);
  if (answer == nullptr || !sending_ || answer->id != *sending_) return false;
  sending_.reset();
  const auto reply = runtime::open<schema::EventReportReply>(*answer);
  const bool passing = !reply.ok() && (reply.error().code == Code::kTimeout ||
                                       reply.error().code == Code::kUnavailable);
  // What was refused once is refused again.
  if (!passing) sent_.clear();
  if ((!sent_.empty() || !waiting_.empty()) && !timer_runs_) {
    timer_runs_ = true;
    out.push_back(
        runtime::SetTimer{options_.timer, sent_.empty() ? options_.delay : options_.retry});
  }
  return true;
}

void Chronicle::send(std::int64_t registration, runtime::Effects& out) {
  if (sending_) return;
  if (registration == 0) {
    timer_runs_ = true;
    out.push_back(runtime::SetTimer{options_.timer, options_.retry});
    return;
  }
  if (sent_.empty()) sent_ = std::exchange(waiting_, {});
  if (sent_.empty()) return;
  sending_ = ids_.next();
  out.push_back(runtime::call(*sending_, identity_, "event.report",
                              schema::EventReportRequest{options_.node, registration, sent_}));
}

}  // namespace cara::agent
