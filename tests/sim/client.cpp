#include "tests/sim/client.h"

#include <utility>

#include "schema/wire.h"
#include "tests/sim/operator.h"

namespace cara::sim {
namespace {

constexpr runtime::TimerId kNextTimer = 1;
constexpr runtime::TimerId kFirstRetryTimer = 100;  // one per name
constexpr runtime::Duration kTimeout = std::chrono::milliseconds(800);
constexpr runtime::Duration kRetryAfter = std::chrono::milliseconds(300);

constexpr std::uint64_t kMemoryStepMib = 100;
constexpr std::uint64_t kFirstPort = 8080;
constexpr std::uint64_t kPorts = 3;
constexpr const char* kSharedHost = "shared.example";

std::string_view operation(Verb verb) {
  return verb == Verb::kApply ? "project.apply" : "project.delete";
}

}  // namespace

Client::Client(ClientOptions options, runtime::Seed seed)
    : options_(std::move(options)), identity_{schema::Role::kAdmin, options_.id}, random_(seed) {
  for (const std::string& name : options_.names) {
    const std::uint64_t dice = random_.below(10);
    kinds_[name] = {.on_node_loss = dice < 5   ? schema::OnNodeLoss::kMove
                                    : dice < 8 ? schema::OnNodeLoss::kMoveExclusive
                                               : schema::OnNodeLoss::kStay,
                    .tolerates = random_.below(3) == 0};
  }
}

runtime::Effects Client::step(std::span<const runtime::Event> batch, runtime::Instant now) {
  runtime::Effects out;
  for (const runtime::Event& event : batch) {
    if (std::holds_alternative<runtime::Started>(event)) {
      out.push_back(runtime::SetTimer{kNextTimer, options_.every});
    } else if (const auto* answer = std::get_if<runtime::Answered>(&event)) {
      if (const auto name = waiting_.take(answer->id)) on_answer(*name, *answer, now.mono, out);
    } else if (const auto* timer = std::get_if<runtime::TimerFired>(&event)) {
      if (timer->id == kNextTimer) {
        begin(now, out);
      } else {
        send(options_.names.at(timer->id - kFirstRetryTimer), out);
      }
    }
  }
  return out;
}

void Client::begin(runtime::Instant now, runtime::Effects& out) {
  if (finishing_) return;
  const auto every = static_cast<std::uint64_t>(options_.every.count());
  out.push_back(runtime::SetTimer{kNextTimer, runtime::Duration(1 + random_.below(2 * every))});
  const std::string& name = options_.names[random_.below(options_.names.size())];
  if (open_.contains(name)) return;
  JournalEntry entry{.marker = static_cast<std::int64_t>(journal_.size()) + 1,
                     .verb = choose(name),
                     .name = name,
                     .expire_at = {},
                     .outcome = Outcome::kOpen,
                     .error = {},
                     .begun = now.mono,
                     .ended = {}};
  runtime::Payload body;
  const std::string request_id = random_.next();
  if (entry.verb == Verb::kApply) {
    const schema::Project project = make_project(entry, now);
    body = schema::pack_message(schema::ApplyRequest{request_id, schema::to_manifest(project)});
  } else {
    body = schema::pack_message(
        schema::DeleteRequest{request_id, name, "", entry.verb == Verb::kForceDelete});
  }
  open_[name] = {journal_.size(), std::string(operation(entry.verb)), std::move(body)};
  journal_.push_back(std::move(entry));
  send(name, out);
}

Verb Client::choose(const std::string& name) {
  if (!exists_[name]) return Verb::kApply;
  const std::uint64_t dice = random_.below(100);
  if (dice < 45) return Verb::kDelete;
  if (dice < 50) return Verb::kForceDelete;
  return Verb::kApply;
}

schema::Project Client::make_project(JournalEntry& entry, runtime::Instant now) {
  schema::Project project;
  project.metadata.name = entry.name;
  project.metadata.labels[kMarker] = std::to_string(entry.marker);
  if (exists_[entry.name] && specs_.contains(entry.name) && random_.below(3) == 0) {
    project.spec = specs_[entry.name];
    project.spec.ingress.clear();
    entry.expire_at = project.spec.expire_at;
    add_rules(entry.name, project.spec);
    return project;
  }
  const std::uint64_t services = 1 + random_.below(3);
  for (std::uint64_t i = 0; i < services; ++i) {
    schema::ServiceDef service;
    service.name = "s" + std::to_string(i);
    service.image = random_.below(20) == 0 ? kMissingImage : kGoodImage;
    service.env.push_back({"VERSION", std::to_string(random_.below(3))});
    if (random_.below(2) == 0) service.volume_mounts.push_back({"data", "/data"});
    project.spec.services.push_back(std::move(service));
  }
  project.spec.volumes.push_back({"data", schema::VolumeType::kEphemeral});
  project.spec.on_node_loss = kinds_[entry.name].on_node_loss;
  if (kinds_[entry.name].tolerates) {
    project.spec.tolerations.push_back({.key = kTaint, .op = schema::TolerationOperator::kExists});
  }
  add_wishes(project.spec);
  if (random_.below(10) == 0) {
    const auto ms = 3'000 + static_cast<std::int64_t>(random_.below(20'000));
    entry.expire_at = Timestamp{now.wall.ms + ms};
    project.spec.expire_at = entry.expire_at;
  }
  add_rules(entry.name, project.spec);
  specs_[entry.name] = project.spec;
  return project;
}

// Whoever asks for the shared host while another project has it is refused.
void Client::add_rules(const std::string& name, schema::ProjectSpec& spec) {
  const auto add = [&](const char* rule, const std::string& host, const char* path) {
    schema::IngressDef def{.name = rule, .host = host, .path = path};
    def.target.service = spec.services[random_.below(spec.services.size())].name;
    def.target.port = random_.below(2) == 0 ? 80 : 8080;
    spec.ingress.push_back(std::move(def));
  };
  const std::string own = name + ".example";
  if (random_.below(10) < 7) add("main", own, "/");
  if (random_.below(10) < 3) add("api", own, "/api");
  if (random_.below(10) < 2) add("shared", kSharedHost, "/");
}

// So much that nodes fill up, and so few ports that two often want the same.
void Client::add_wishes(schema::ProjectSpec& spec) {
  for (schema::ServiceDef& service : spec.services) {
    const std::uint64_t memory_mib = random_.below(5) * kMemoryStepMib;
    if (memory_mib == 0) continue;
    service.resources = schema::Resources{};
    service.resources->requests.memory = std::to_string(memory_mib) + "Mi";
  }
  if (random_.below(4) == 0) {
    const std::uint64_t port = kFirstPort + random_.below(kPorts);
    spec.services.front().ports.push_back({.port = "80", .host_port = std::to_string(port)});
  }
  if (random_.below(10) == 0) spec.node_selector[kZone] = kZones[random_.below(kZones.size())];
}

void Client::send(const std::string& name, runtime::Effects& out) {
  const auto open = open_.find(name);
  if (open == open_.end()) return;
  const runtime::RequestId id = ids_.next();
  waiting_.add(id, name);
  out.push_back(runtime::Request{id, schema::api_subject(identity_, open->second.operation),
                                 open->second.body, kTimeout});
}

void Client::on_answer(const std::string& name, const runtime::Answered& answer,
                       runtime::MonoTime now, runtime::Effects& out) {
  JournalEntry& entry = journal_[open_.at(name).entry];
  const Result<Ok> reply = [&]() -> Result<Ok> {
    if (entry.verb == Verb::kApply) {
      const auto applied = runtime::open<schema::ApplyReply>(answer);
      return applied.ok() ? Result<Ok>(Ok{}) : applied.error();
    }
    const auto deleted = runtime::open<schema::DeleteReply>(answer);
    return deleted.ok() ? Result<Ok>(Ok{}) : deleted.error();
  }();
  if (!reply.ok() &&
      (reply.error().code == Code::kTimeout || reply.error().code == Code::kUnavailable)) {
    for (std::size_t i = 0; i < options_.names.size(); ++i) {
      if (options_.names[i] == name)
        out.push_back(runtime::SetTimer{kFirstRetryTimer + i, kRetryAfter});
    }
    return;
  }
  entry.ended = now;
  entry.outcome = reply.ok() ? Outcome::kDone : Outcome::kRefused;
  if (!reply.ok()) entry.error = reply.error().message;
  if (reply.ok()) exists_[name] = entry.verb == Verb::kApply;
  // Gone without this client's doing: it expired.
  if (!reply.ok() && reply.error().code == Code::kNotFound) exists_[name] = false;
  open_.erase(name);
}

}  // namespace cara::sim
