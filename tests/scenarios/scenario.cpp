#include "tests/scenarios/scenario.h"

#include <fmt/format.h>

#include <sstream>

#include "schema/check.h"
#include "schema/codec.h"
#include "schema/wire.h"
#include "services/runtime/calls.h"
#include "tests/sim/settle.h"

namespace cara::sim {
namespace {

constexpr const char* kUser = "caractrl";
constexpr Duration kLongestAnswer = std::chrono::seconds(2);
constexpr Duration kLongestSettle = std::chrono::seconds(120);
constexpr Duration kLook = std::chrono::milliseconds(100);

// Says what it is told to; its answers go to the scenario.
class User : public runtime::Actor {
 public:
  explicit User(std::vector<runtime::Answered>& answers) : answers_(answers) {}
  std::vector<runtime::Subscription> subscriptions() const override { return {}; }
  runtime::Effects step(std::span<const runtime::Event> batch, runtime::Instant) override {
    for (const runtime::Event& event : batch) {
      if (const auto* answer = std::get_if<runtime::Answered>(&event)) answers_.push_back(*answer);
    }
    return {};
  }

 private:
  std::vector<runtime::Answered>& answers_;
};

Duration parse_time(const std::string& text) {
  const auto ms = parse_duration_ms(text);
  CARA_CHECK(ms.ok());
  return std::chrono::milliseconds(*ms);
}

// Lines that a diff can show side by side.
std::string cut_lines(const std::string& text) {
  constexpr std::size_t kWidest = 96;
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    out += line.size() <= kWidest ? line : line.substr(0, kWidest) + "...";
    out += "\n";
  }
  return out;
}

// `image=x` among the words; else the default.
std::string option(const std::vector<std::string>& words, const std::string& key,
                   const std::string& otherwise) {
  for (const std::string& word : words) {
    if (word.starts_with(key + "=")) return word.substr(key.size() + 1);
  }
  return otherwise;
}

// The parts of a message that tell the story; ids and times of their own would only be noise.
std::string gist(const std::string& body) {
  const auto value = schema::unpack(body);
  if (!value.ok()) return "";
  std::string text;
  for (const char* key : {"error", "kind", "name", "node", "assignment", "phase", "reason",
                          "message", "deleted", "op"}) {
    const Value* found = value->find(key);
    if (found == nullptr) continue;
    std::string shown = body_text(schema::pack(Value(Map{{key, *found}})));
    text += " " + shown.substr(1, shown.size() - 2);
  }
  return text;
}

bool is_routine(const TraceEntry& entry) {
  for (const char* part : {"cara.v1.hb.", "apiserver.alive", "changes.since", ".list"}) {
    if (entry.subject.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

std::string Scenario::run(const std::string& command) {
  std::istringstream stream(command);
  Words words;
  for (std::string word; stream >> word;) words.push_back(word);
  CARA_CHECK(!words.empty());
  const std::string& verb = words[0];
  if (verb == "cluster") return start(words);
  CARA_CHECK(cluster_ != nullptr);
  if (verb == "apply") return apply(words);
  if (verb == "delete") return remove(words);
  if (verb == "settle") return settle();
  if (verb == "show") return cut_lines(show());
  CARA_CHECK(words.size() == 2);
  if (verb == "messages") return cut_lines(messages(parse_time(words[1])));
  if (verb == "wait") {
    pass(parse_time(words[1]));
  } else if (verb == "lose") {
    cluster_->world().bus().set_cut(Cluster::agent_of(words[1]), {.in = true, .out = true});
  } else if (verb == "return") {
    cluster_->world().bus().set_cut(Cluster::agent_of(words[1]), {});
  } else if (verb == "crash") {
    cluster_->world().crash(words[1]);
  } else if (verb == "reboot") {
    cluster_->reboot(words[1]);
  } else if (verb == "start") {
    cluster_->world().start(words[1]);
  } else {
    return "no such command: " + verb + "\n";
  }
  return "ok\n";
}

std::string Scenario::start(const Words& words) {
  ClusterOptions options;
  options.seed = 1;
  options.nodes = std::stoi(option(words, "nodes", "2"));
  options.schedulers = 1;
  options.gcs = 1;
  options.same_clocks = true;
  cluster_ = std::make_unique<Cluster>(options);
  ProcessSpec user;
  user.name = kUser;
  user.identity = {schema::Role::kAdmin, "user"};
  user.make = [this](runtime::Seed) { return std::make_unique<User>(answers_); };
  cluster_->world().add(std::move(user));
  cluster_->world().trace().listener = [this](const TraceEntry& entry) {
    if (heard_ != nullptr) heard_->push_back(entry);
  };
  cluster_->start_all();
  return settle();
}

void Scenario::pass(Duration time) {
  cluster_->world().timeline().run_until(cluster_->world().now() + time);
}

std::string Scenario::ask(const std::string& operation, const std::string& body) {
  answers_.clear();
  const auto id = static_cast<runtime::RequestId>(++requests_);
  const schema::Identity identity{schema::Role::kAdmin, "user"};
  cluster_->world().bus().request(
      kUser, {id, schema::api_subject(identity, operation), body, kLongestAnswer});
  const MonoTime limit = cluster_->world().now() + kLongestAnswer;
  while (answers_.empty() && cluster_->world().timeline().run_next(limit)) {
  }
  if (answers_.empty()) return "no answer\n";
  if (!answers_[0].body.ok()) return answers_[0].body.error().message + "\n";
  const auto reply = schema::open_reply(*answers_[0].body);
  if (!reply.ok()) return reply.error().message + "\n";
  const Value* outcome = reply->find("outcome");
  return outcome == nullptr ? "done\n"
                            : body_text(schema::pack(Value(Map{{"outcome", *outcome}}))) + "\n";
}

std::string Scenario::apply(const Words& words) {
  const std::string image = option(words, "image", kGoodImage);
  schema::Project project;
  project.metadata.name = words.at(1);
  project.spec.services = {
      {.name = "db", .image = kGoodImage, .env = {}, .volume_mounts = {{"data", "/data"}}},
      {.name = "app", .image = image, .env = {}, .volume_mounts = {}}};
  project.spec.volumes = {{"data", schema::VolumeType::kEphemeral}};
  if (option(words, "loss", "Move") == "MoveExclusive") {
    project.spec.on_node_loss = schema::OnNodeLoss::kMoveExclusive;
  }
  const std::string expire = option(words, "expire", "");
  if (!expire.empty()) {
    project.spec.expire_at =
        Timestamp{cluster_->world().wall().ms + parse_time(expire).count() / 1000};
  }
  return ask("project.apply", schema::pack_message(schema::ApplyRequest{
                                  "r" + std::to_string(requests_), schema::to_manifest(project)}));
}

std::string Scenario::remove(const Words& words) {
  const bool force = words.size() == 3 && words[2] == "force";
  return ask("project.delete", schema::pack_message(schema::DeleteRequest{
                                   "r" + std::to_string(requests_), words.at(1), "", force}));
}

std::string Scenario::messages(Duration time) {
  std::vector<TraceEntry> heard;
  heard_ = &heard;
  pass(time);
  heard_ = nullptr;
  std::string text;
  for (const TraceEntry& entry : heard) {
    if (is_routine(entry)) continue;
    if (entry.what == "asks") {
      const auto call =
          schema::parse_api_subject(entry.subject.substr(entry.subject.find(' ') + 1));
      if (!call) continue;
      text += entry.who + " asks " + call->kind + "." + call->verb + gist(entry.body) + "\n";
    } else if (entry.what == "tells") {
      text += entry.who + " tells " + entry.subject + gist(entry.body) + "\n";
    } else if (entry.what == "engine") {
      text += entry.who + " does" + gist(entry.body) + "\n";
    }
  }
  return text;
}

std::string Scenario::settle() {
  const MonoTime begin = cluster_->world().now();
  for (;;) {
    pass(kLook);
    const auto why = why_unsettled(*cluster_);
    const Duration took = cluster_->world().now() - begin;
    // Whole seconds: how long a message travels is not part of the story.
    if (!why) {
      return fmt::format("settled within {} s\n",
                         std::chrono::ceil<std::chrono::seconds>(took).count());
    }
    if (took >= kLongestSettle) return "not settled: " + *why + "\n";
  }
}

std::string Scenario::show() {
  std::string text;
  for (const auto& [name, node] : cluster_->nodes()) {
    text += fmt::format("node {} {}\n", name, to_string(node.status.state));
  }
  for (const auto& [name, project] : cluster_->projects()) {
    const auto& status = project.status;
    text += fmt::format("project {} {} node={} epoch={}\n", name, to_string(status.phase),
                        status.node_ref, status.assignment);
    for (const auto& condition : status.conditions) {
      text += fmt::format("  {}: {}: {}\n", condition.type, condition.reason, condition.message);
    }
  }
  for (const std::string& node : cluster_->node_names()) {
    const auto seen = cluster_->observe(node);
    text += fmt::format("engine {}:", node);
    for (const auto& container : seen.containers) {
      const bool runs = container.state == agent::ContainerState::kRunning;
      text += " " + container.name + (runs ? "" : "(stopped)");
    }
    for (const auto& network : seen.networks) text += " " + network.name;
    for (const auto& volume : seen.volumes) text += " " + volume.name;
    text += "\n";
  }
  return text;
}

}  // namespace cara::sim
