#include "tests/sim/bus.h"

#include <algorithm>
#include <utility>

namespace cara::sim {
namespace {

constexpr std::uint64_t kShortTravelUs = 900;

}  // namespace

bool subject_matches(std::string_view pattern, std::string_view subject) {
  for (;;) {
    const auto p = pattern.substr(0, pattern.find('.'));
    const auto s = subject.substr(0, subject.find('.'));
    if (p == ">") return !s.empty();
    if (p != "*" && p != s) return false;
    const bool pattern_ends = p.size() == pattern.size();
    const bool subject_ends = s.size() == subject.size();
    if (pattern_ends || subject_ends) return pattern_ends && subject_ends;
    pattern.remove_prefix(p.size() + 1);
    subject.remove_prefix(s.size() + 1);
  }
}

void Bus::attach(const std::string& name, const schema::Identity& identity,
                 std::vector<runtime::Subscription> subscriptions, Deliver deliver) {
  connections_[name] = {++numbers_, identity, std::move(subscriptions), std::move(deliver)};
}

void Bus::detach(const std::string& name) {
  connections_.erase(name);
  std::erase_if(asked_, [&name](const auto& entry) { return entry.second.by == name; });
}

std::uint64_t Bus::connection_of(const std::string& name) const {
  const auto found = connections_.find(name);
  return found == connections_.end() ? 0 : found->second.number;
}

std::vector<std::string> Bus::receivers(std::string_view subject) {
  std::vector<std::string> names;
  std::map<std::string, std::vector<std::string>> groups;
  for (const auto& [name, connection] : connections_) {
    for (const runtime::Subscription& subscription : connection.subscriptions) {
      if (!subject_matches(subscription.subject, subject)) continue;
      if (subscription.queue_group.empty()) {
        names.push_back(name);
      } else {
        groups[subscription.queue_group].push_back(name);
      }
    }
  }
  // One of each group, whether it is well or not: the server does not know.
  for (const auto& [group, members] : groups) {
    names.push_back(members[random_.below(members.size())]);
  }
  return names;
}

Duration Bus::travel_time() {
  if (random_.below(100) < faults_.late) {
    trace_.faults.count(Fault::kMessageLate);
    return Duration(random_.below(static_cast<std::uint64_t>(faults_.latest.count())));
  }
  return Duration(50 + random_.below(kShortTravelUs));
}

void Bus::carry(const std::string& from, const std::string& to, std::function<void()> arrive) {
  if (cuts_[from].out) return trace_.faults.count(Fault::kMessageCutOff);
  if (random_.below(100) < faults_.lost) return trace_.faults.count(Fault::kMessageLost);
  const auto arrives = [this, to, arrive, number = ++sent_[to]] {
    std::uint64_t& newest = arrived_[to];
    if (number < newest) trace_.faults.count(Fault::kMessageOvertaken);
    newest = std::max(newest, number);
    if (cuts_[to].in) return trace_.faults.count(Fault::kMessageCutOff);
    arrive();
  };
  timeline_.after(travel_time(), arrives);
  if (random_.below(100) >= faults_.doubled) return;
  trace_.faults.count(Fault::kMessageDoubled);
  const auto latest = static_cast<std::uint64_t>(faults_.latest.count());
  timeline_.after(Duration(random_.below(latest)), arrives);
}

void Bus::deliver(const std::string& to, std::uint64_t connection, runtime::Event event) {
  const auto found = connections_.find(to);
  if (found == connections_.end() || found->second.number != connection) return;
  found->second.deliver(std::move(event));
}

void Bus::publish(const std::string& from, const runtime::Publish& message) {
  for (const std::string& to : receivers(message.subject)) {
    carry(from, to, [this, to, connection = connection_of(to), message] {
      deliver(to, connection, runtime::Delivered{message.subject, message.body, std::nullopt});
    });
  }
}

void Bus::request(const std::string& from, const runtime::Request& request) {
  const Connection& asker = connections_.at(from);
  const std::string inbox = schema::inbox_prefix(asker.identity) + "." + std::to_string(++numbers_);
  asked_[inbox] = {from, asker.number, request.id};
  timeline_.after(request.timeout, [this, inbox] { end(inbox, timed_out("no answer in time")); });
  const auto names = receivers(request.subject);
  if (names.empty() && !cuts_[from].in && !cuts_[from].out) {
    timeline_.after(travel_time(), [this, inbox] { end(inbox, unavailable("nobody listens")); });
  }
  for (const std::string& to : names) {
    carry(from, to, [this, to, connection = connection_of(to), request, inbox] {
      deliver(to, connection,
              runtime::Delivered{request.subject, request.body, runtime::ReplyTo{inbox}});
    });
  }
}

void Bus::respond(const std::string& from, const runtime::Respond& response) {
  const std::string& inbox = response.to.subject;
  const auto found = asked_.find(inbox);
  if (found == asked_.end()) return;  // answered before, or given up
  carry(from, found->second.by, [this, inbox, body = response.body] { end(inbox, body); });
}

void Bus::end(const std::string& inbox, Result<runtime::Payload> body) {
  const auto found = asked_.find(inbox);
  if (found == asked_.end()) return;
  const Asked asked = found->second;
  asked_.erase(found);
  deliver(asked.by, asked.connection, runtime::Answered{asked.id, std::move(body)});
}

}  // namespace cara::sim
