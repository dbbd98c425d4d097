// RunningHost: a NatsHost on its own thread with an actor that records every event and does what
// the test tells it.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "services/runtime/host/nats_host.h"

namespace cara::test {

inline constexpr std::chrono::seconds kPatience{20};

// False when `condition` does not come true in time.
template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

using Reaction = std::function<runtime::Effects(const runtime::Event&)>;

inline runtime::Effects ignore(const runtime::Event&) { return {}; }

// Answers everything that wants an answer with its own body.
inline runtime::Effects echo(const runtime::Event& event) {
  const auto* got = std::get_if<runtime::Delivered>(&event);
  if (got == nullptr || !got->reply) return {};
  return {runtime::Respond{.to = *got->reply, .body = got->body}};
}

class RecordingActor final : public runtime::Actor {
 public:
  RecordingActor(std::vector<runtime::Subscription> subscriptions, Reaction reaction)
      : subscriptions_(std::move(subscriptions)), reaction_(std::move(reaction)) {}

  std::vector<runtime::Subscription> subscriptions() const override { return subscriptions_; }

  runtime::Effects step(std::span<const runtime::Event> batch, runtime::Instant) override {
    const std::lock_guard lock(mutex_);
    runtime::Effects effects;
    for (const runtime::Event& event : batch) {
      // A test makes the actor act by posting an event whose effects it queued before.
      const auto* got = std::get_if<runtime::Delivered>(&event);
      if (got != nullptr && got->subject == "local.test") {
        effects.insert(effects.end(), orders_.begin(), orders_.end());
        orders_.clear();
        continue;
      }
      events_.push_back(event);
      for (runtime::Effect& effect : reaction_(event)) effects.push_back(std::move(effect));
    }
    return effects;
  }

  void order(runtime::Effect effect) {
    const std::lock_guard lock(mutex_);
    orders_.push_back(std::move(effect));
  }

  std::vector<runtime::Event> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }

 private:
  const std::vector<runtime::Subscription> subscriptions_;
  const Reaction reaction_;
  mutable std::mutex mutex_;
  runtime::Effects orders_;
  std::vector<runtime::Event> events_;
};

struct HostSetup {
  std::string url;
  schema::Identity identity{schema::Role::kAgent, "n1"};
  std::vector<runtime::Subscription> subscriptions{};
  Reaction reaction = ignore;
  host::MailboxLimits mailbox{};
  std::function<void(host::NatsHost&)> prepare = [](host::NatsHost&) {};
};

class RunningHost {
 public:
  explicit RunningHost(HostSetup setup)
      : actor_(setup.subscriptions, setup.reaction),
        host_({.url = setup.url,
               .identity = setup.identity,
               .client_name = "test",
               .connect_timeout = std::chrono::milliseconds(500),
               .mailbox = setup.mailbox}) {
    setup.prepare(host_);
    thread_ = std::thread([this] { exit_code_ = host_.run(actor_); });
  }
  ~RunningHost() { stop(); }

  int stop() {
    host_.stop();
    return join();
  }
  int join() {
    if (thread_.joinable()) thread_.join();
    return exit_code_;
  }

  void perform(runtime::Effect effect) {
    actor_.order(std::move(effect));
    host_.post(runtime::Delivered{.subject = "local.test", .body = "", .reply = {}});
  }

  // The answer to one request; kInternal when none comes.
  Result<std::string> request(const std::string& subject, std::string body,
                              runtime::Duration timeout = std::chrono::seconds(5)) {
    const runtime::RequestId id = ++last_id_;
    perform(runtime::Request{
        .id = id, .subject = subject, .body = std::move(body), .timeout = timeout});
    Result<std::string> result = internal("no answer event");
    eventually([&] {
      for (const auto& answered : all<runtime::Answered>()) {
        if (answered.id != id) continue;
        result = answered.body;
        return true;
      }
      return false;
    });
    return result;
  }

  template <class Kind>
  std::vector<Kind> all() const {
    std::vector<Kind> found;
    for (const runtime::Event& event : actor_.events()) {
      if (const auto* kind = std::get_if<Kind>(&event)) found.push_back(*kind);
    }
    return found;
  }

  template <class Kind>
  bool gets(std::size_t times) const {
    return eventually([&] { return all<Kind>().size() >= times; });
  }

  host::NatsHost& host() { return host_; }

 private:
  RecordingActor actor_;
  host::NatsHost host_;
  runtime::RequestId last_id_ = 0;
  int exit_code_ = -1;
  std::thread thread_;
};

// The server knows the subscriptions: a request of its own comes back.
inline bool is_served(RunningHost& asker, const std::string& subject) {
  return eventually(
      [&] { return asker.request(subject, "ready?", std::chrono::milliseconds(500)).ok(); });
}

}  // namespace cara::test
