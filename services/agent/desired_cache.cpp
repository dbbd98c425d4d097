#include "services/agent/desired_cache.h"

#include <utility>

#include "schema/codec.h"
#include "schema/describe.h"
#include "schema/describe_messages.h"
#include "schema/encode.h"
#include "services/runtime/calls.h"

namespace cara::agent {
namespace {

constexpr std::int64_t kFormat = 1;
constexpr schema::Limits kCacheLimits{.bytes = kMaxCacheBytes, .entries = 1024 * 1024, .depth = 40};
// Longer than a disk that is slow takes.
constexpr runtime::Duration kWriteLimit = std::chrono::seconds(60);

// The part of the file that the hash is over.
struct Body {
  std::string node;
  std::string cluster;
  std::int64_t registration = 0;
  std::vector<schema::DesiredProject> projects;
};

template <class V>
void describe(V& v, Body& x) {
  using schema::Presence;
  v.field(Presence::kRequired, "node", x.node, {});
  v.field(Presence::kRequired, "cluster", x.cluster, {});
  v.field(Presence::kRequired, "registration", x.registration, {});
  v.field(Presence::kRequired, "projects", x.projects, {});
}

std::string text_of(const Value& map, const char* key) {
  const Value* found = map.find(key);
  return found == nullptr || found->as_string() == nullptr ? "" : *found->as_string();
}

std::string hash_of_file(const std::string& bytes) { return schema::hash_of(Value(bytes)); }

}  // namespace

std::string encode(const DesiredCache& cache) {
  Body body{cache.node, cache.cluster, cache.registration, {}};
  for (const auto& [name, project] : cache.projects) body.projects.push_back(project);
  Value value = schema::encode(body);
  std::string hash = schema::hash_of(value);
  return schema::pack(Value(Map{
      {"format", Value(kFormat)}, {"hash", Value(std::move(hash))}, {"set", std::move(value)}}));
}

Result<DesiredCache> decode_cache(std::string_view bytes, const std::string& node) {
  const auto value = schema::unpack(bytes, kCacheLimits);
  if (!value.ok()) return invalid("it is damaged: " + value.error().message);
  const Value* format = value->find("format");
  if (format == nullptr || format->as_int() == nullptr || *format->as_int() != kFormat) {
    return invalid("it has another format than " + std::to_string(kFormat) +
                   ", which this agent reads");
  }
  const Value* set = value->find("set");
  if (set == nullptr || schema::hash_of(*set) != text_of(*value, "hash")) {
    return invalid("it is damaged: its hash is not that of its contents");
  }
  auto body = schema::decode<Body>(*set, schema::Mode::kMessage);
  if (!body.ok()) return invalid("it cannot be read: " + body.error().message);
  if (body->node != node) {
    return invalid("it is of node " + body->node + ", not of " + node);
  }
  DesiredCache cache{body->node, body->cluster, body->registration, {}};
  for (schema::DesiredProject& project : body->projects) {
    std::string name = project.name;
    cache.projects.insert_or_assign(std::move(name), std::move(project));
  }
  return cache;
}

CacheKeeper::CacheKeeper(const std::optional<DesiredCache>& known, runtime::RequestIds& ids)
    : ids_(ids), kept_(known ? hash_of_file(encode(*known)) : "") {}

void CacheKeeper::keep(const DesiredCache& cache, runtime::Effects& out) {
  std::string bytes = encode(cache);
  if (writing_) {
    next_ = std::move(bytes);
  } else {
    write(std::move(bytes), out);
  }
}

void CacheKeeper::write(std::string bytes, runtime::Effects& out) {
  writing_hash_ = hash_of_file(bytes);
  if (writing_hash_ == kept_) return;
  if (bytes.size() > kMaxCacheBytes) {
    return complain("it is larger than " + std::to_string(kMaxCacheBytes) + " bytes", out);
  }
  writing_ = ids_.next();
  out.push_back(runtime::Request{*writing_, kStateSubject, std::move(bytes), kWriteLimit});
}

bool CacheKeeper::handle(const runtime::Event& event, runtime::Effects& out) {
  const auto* answer = std::get_if<runtime::Answered>(&event);
  if (answer == nullptr || answer->id != writing_) return false;
  writing_.reset();
  // After a failure nobody knows what is on disk.
  kept_ = answer->body.ok() ? writing_hash_ : "";
  complain(answer->body.ok() ? "" : answer->body.error().message, out);
  if (next_) write(*std::exchange(next_, std::nullopt), out);
  return true;
}

// The same words once, not with every attempt.
void CacheKeeper::complain(const std::string& why, runtime::Effects& out) {
  if (!why.empty() && why != complaint_) {
    out.push_back(
        runtime::note(runtime::Level::kWarn,
                      "the desired set is not kept for a start without the control plane: " + why));
  }
  complaint_ = why;
}

}  // namespace cara::agent
