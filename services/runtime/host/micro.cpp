#include "services/runtime/host/micro.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "schema/check.h"
#include "schema/formats.h"
#include "schema/subjects.h"

namespace cara::host {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kQuestions = "$SRV.";
const std::string kMetricsPrefix = "cara.v1.metrics.";

std::ptrdiff_t dots_in(std::string_view subject) {
  return std::count(subject.begin(), subject.end(), '.');
}

std::int64_t nanoseconds(runtime::Duration duration) {
  return std::chrono::nanoseconds(duration).count();
}

// `cara.v1.node.w1.wake`: `wake`; with `wake` taken: `w1-wake`.
std::string name_of(std::string_view subject, std::size_t tokens) {
  std::size_t begin = subject.size();
  for (; tokens > 0 && begin != std::string_view::npos; --tokens) {
    begin = begin == 0 ? std::string_view::npos : subject.rfind('.', begin - 1);
  }
  std::string name(subject.substr(begin == std::string_view::npos ? 0 : begin + 1));
  std::replace(name.begin(), name.end(), '.', '-');
  std::erase_if(name, [](char c) { return !schema::is_token(std::string(1, c)); });
  return name.empty() ? "all" : name;
}

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

SubjectPattern::SubjectPattern(std::string_view pattern) : dots_(dots_in(pattern)) {
  const std::size_t first = pattern.find_first_of("*>");
  head_ = pattern.substr(0, first);
  if (first == std::string_view::npos) return;
  kind_ = pattern.back() == '>' ? Kind::kRest : Kind::kStars;
  if (kind_ == Kind::kStars) tail_ = pattern.substr(pattern.find_last_of('*') + 1);
}

bool SubjectPattern::matches(std::string_view subject) const {
  if (kind_ == Kind::kLiteral) return subject == head_;
  if (!subject.ends_with(tail_) || !subject.starts_with(head_)) return false;
  return kind_ == Kind::kRest ? dots_in(subject) >= dots_ : dots_in(subject) == dots_;
}

Micro::Micro(MicroOptions options, Timestamp started)
    : options_(std::move(options)), started_(started) {
  if (!is_enabled()) return;
  CARA_CHECK(schema::is_token(options_.name) && schema::is_token(options_.id));
  static constexpr std::pair<Question, const char*> kWords[] = {
      {Question::kPing, "PING"}, {Question::kInfo, "INFO"}, {Question::kStats, "STATS"}};
  for (const auto& [question, word] : kWords) {
    std::string subject = std::string(kQuestions) + word;
    questions_.push_back({question, subject});
    questions_.push_back({question, subject += "." + options_.name});
    questions_.push_back({question, subject += "." + options_.id});
  }
  metrics_subject_ = kMetricsPrefix + options_.name + "." + options_.id;
  for (const MicroEndpoint& endpoint : options_.endpoints) add(endpoint);
}

void Micro::add(MicroEndpoint endpoint) {
  if (counted_.empty()) {
    MicroEndpoint metrics{.name = "metrics", .subject = metrics_subject_, .queue_group = ""};
    SubjectPattern literal(metrics.subject);
    counted_.push_back({.endpoint = std::move(metrics), .pattern = std::move(literal)});
  }
  SubjectPattern pattern(endpoint.subject);
  counted_.push_back({.endpoint = std::move(endpoint), .pattern = std::move(pattern)});
}

void Micro::serve(const std::vector<runtime::Subscription>& subscriptions) {
  for (const auto& [subject, queue] : subscriptions) {
    std::string name = name_of(subject, 1);
    const bool taken = std::any_of(counted_.begin(), counted_.end(), [&](const Counted& other) {
      return other.endpoint.name == name;
    });
    if (taken) name = name_of(subject, 2);
    add({.name = std::move(name), .subject = subject, .queue_group = queue});
  }
}

std::vector<std::string> Micro::subjects() const {
  std::vector<std::string> all;
  for (const Asked& asked : questions_) all.push_back(asked.subject);
  if (is_enabled()) all.push_back(metrics_subject_);
  return all;
}

bool Micro::is_asked_on(std::string_view subject) const {
  return is_enabled() && (subject.starts_with(kQuestions) || subject == metrics_subject_);
}

std::optional<std::string> Micro::answer(std::string_view subject, const MicroSnapshot& now) {
  if (subject == metrics_subject_) return metrics(now);
  for (const Asked& asked : questions_) {
    if (asked.subject == subject) return tell(asked.question, now);
  }
  return std::nullopt;
}

std::size_t Micro::endpoint_of(std::string_view subject) const {
  for (std::size_t i = 0; i < counted_.size(); ++i) {
    if (counted_[i].pattern.matches(subject)) return i;
  }
  return kNone;
}

void Micro::served(std::size_t endpoint, runtime::Duration work, runtime::Duration latency) {
  if (endpoint >= counted_.size()) return;
  counted_[endpoint].work += work;
  counted_[endpoint].latency.add(latency);
}

void Micro::failed(std::size_t endpoint, std::string_view why) {
  if (endpoint >= counted_.size()) return;
  ++counted_[endpoint].errors;
  counted_[endpoint].last_error = schema::printable(why, kMaxErrorBytes);
}

std::string Micro::tell(Question question, const MicroSnapshot& now) const {
  static constexpr const char* kTypes[] = {"ping", "info", "stats"};
  Json told{{"type", std::string("io.nats.micro.v1.") + kTypes[static_cast<std::size_t>(question)] +
                         "_response"},
            {"name", options_.name},
            {"id", options_.id},
            {"version", CARA_VERSION},
            {"metadata", options_.metadata}};
  if (question == Question::kPing) return text_of(told);
  if (question == Question::kInfo) told["description"] = options_.description;
  if (question == Question::kStats) told["started"] = to_string(started_);
  Json endpoints = Json::array();
  for (const Counted& counted : counted_) {
    Json one{{"name", counted.endpoint.name}, {"subject", counted.endpoint.subject}};
    if (!counted.endpoint.queue_group.empty()) one["queue_group"] = counted.endpoint.queue_group;
    if (question == Question::kStats) {
      const std::uint64_t count = counted.latency.count();
      const std::int64_t work = nanoseconds(counted.work);
      one["num_requests"] = count;
      one["num_errors"] = counted.errors;
      one["last_error"] = counted.last_error;
      one["processing_time"] = work;
      one["average_processing_time"] = count == 0 ? 0 : work / static_cast<std::int64_t>(count);
      Json data{{"p50", nanoseconds(counted.latency.quantile(0.5))},
                {"p99", nanoseconds(counted.latency.quantile(0.99))},
                {"queue_depth", now.queue_depth}};
      for (const auto& [name, value] : now.gauges) data[name] = value;
      one["data"] = std::move(data);
    }
    endpoints.push_back(std::move(one));
  }
  told["endpoints"] = std::move(endpoints);
  return text_of(told);
}

}  // namespace cara::host
