// Micro: what a process says about itself to anybody on the bus who asks on `$SRV.>`, by the NATS
// micro protocol, version 1 (nats-architecture-and-design, ADR-32), so that `nats micro ls|info|
// stats` and every library's service client understand it; and the same figures for Prometheus.
//
// One thread: the host's. It is told what was served and counts it; it sends nothing itself.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/time.h"
#include "services/runtime/actor.h"
#include "services/runtime/latency.h"

namespace cara::host {

// `subject` may have wildcards next to each other: `cara.v1.api.*.*.project.apply`.
struct MicroEndpoint {
  std::string name;  // letters, digits, `-` and `_`
  std::string subject;
  std::string queue_group;
};

struct MicroOptions {
  std::string name;  // `cara-scheduler`; empty: the process answers nothing
  std::string id;    // one subject token, different for every process
  std::string description;
  std::map<std::string, std::string> metadata;
  // Empty: one for each of the actor's subscriptions.
  std::vector<MicroEndpoint> endpoints;
};

// What of the process is known at this moment only.
struct MicroSnapshot {
  std::int64_t queue_depth = 0;
  std::map<std::string, std::int64_t> gauges;  // of the actor
};

// How many tokens, and what is before and behind the wildcards.
class SubjectPattern {
 public:
  explicit SubjectPattern(std::string_view pattern);
  bool matches(std::string_view subject) const;

 private:
  std::string head_;
  std::string tail_;
  std::ptrdiff_t dots_ = 0;
  enum class Kind { kLiteral, kStars, kRest } kind_ = Kind::kLiteral;
};

class Micro {
 public:
  static constexpr std::size_t kNone = ~std::size_t{0};
  static constexpr std::size_t kMaxErrorBytes = 256;  // of one that is remembered

  Micro(MicroOptions options, Timestamp started);

  bool is_enabled() const { return !options_.name.empty(); }
  bool has_endpoints() const { return !counted_.empty(); }
  // REQUIRES: none were given.
  void serve(const std::vector<runtime::Subscription>& subscriptions);
  // Without a queue group: every process answers.
  std::vector<std::string> subjects() const;

  // True for what is answered here and not by the actor.
  bool is_asked_on(std::string_view subject) const;
  // Nothing: the question is none of the protocol's, and is not answered.
  std::optional<std::string> answer(std::string_view subject, const MicroSnapshot& now);

  // The endpoint that serves `subject`; kNone: nothing counts it.
  std::size_t endpoint_of(std::string_view subject) const;
  // `work`: the actor's time for it; `latency`: from its arrival to the end of that.
  void served(std::size_t endpoint, runtime::Duration work, runtime::Duration latency);
  void failed(std::size_t endpoint, std::string_view why);

  // In Prometheus' text format, version 0.0.4.
  std::string metrics(const MicroSnapshot& now) const;

 private:
  struct Counted {
    MicroEndpoint endpoint;
    SubjectPattern pattern;
    runtime::Latency latency;
    runtime::Duration work{};
    std::uint64_t errors = 0;
    std::string last_error;
  };
  enum class Question { kPing, kInfo, kStats };
  struct Asked {
    Question question;
    std::string subject;
  };

  void add(MicroEndpoint endpoint);
  std::string tell(Question question, const MicroSnapshot& now) const;

  const MicroOptions options_;
  const Timestamp started_;
  std::vector<Asked> questions_;
  std::string metrics_subject_;
  std::vector<Counted> counted_;  // the first one is `metrics`
};

}  // namespace cara::host
