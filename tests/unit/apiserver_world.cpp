#include "tests/unit/apiserver_world.h"

#include "schema/subjects.h"

namespace cara::apiserver {

Identity agent_of(const std::string& node) { return {Role::kAgent, schema::node_token(node)}; }

Value service(const std::string& name, const std::string& image) {
  return Map{{"name", name}, {"image", image}};
}

Value manifest(const std::string& name, Map spec, Map metadata) {
  metadata.insert(metadata.begin(), {"name", name});
  return Map{{"apiVersion", "caravanserai/v1"},
             {"kind", "Project"},
             {"metadata", Value(std::move(metadata))},
             {"spec", Value(std::move(spec))}};
}

Value simple(const std::string& name, const std::string& image) {
  return manifest(name, Map{{"services", Value(Array{service("web", image)})}});
}

World::World(StoreOptions store_options, Options options) {
  if (store_options.cluster.empty()) store_options.cluster = "cluster-1";
  auto opened = Store::open(store_options);
  if (!opened) FAIL(opened.error().message);
  store = std::move(*opened);
  start(options);
}

World::~World() = default;

void World::start(Options options) {
  server = std::make_unique<ApiServer>(*store, options, runtime::Seed{1, next_seed()});
  step({runtime::Started{}});
}

runtime::Effects World::step(std::vector<runtime::Event> batch) {
  effects = server->step(batch, now);
  return effects;
}

runtime::Delivered World::message(const Identity& who, const std::string& operation,
                                  const std::string& body) {
  const std::string reply = schema::inbox_prefix(who) + ".r" + std::to_string(++requests_);
  return {schema::api_subject(who, operation), body, runtime::ReplyTo{reply}};
}

std::optional<std::string> World::answer_to(const runtime::Delivered& sent) const {
  for (const runtime::Effect& effect : effects) {
    const auto* respond = std::get_if<runtime::Respond>(&effect);
    if (respond != nullptr && respond->to.subject == sent.reply->subject) return respond->body;
  }
  return std::nullopt;
}

Result<std::string> World::answer_at_once(const runtime::Delivered& sent) {
  step({sent});
  const auto answer = answer_to(sent);
  if (!answer) return internal("no answer");
  return *answer;
}

Result<schema::ApplyReply> World::apply(const Value& wanted, std::string request_id) {
  if (request_id.empty()) request_id = "auto-" + std::to_string(++requests_);
  return call<schema::ApplyReply>(kAlice, "project.apply",
                                  schema::ApplyRequest{request_id, wanted});
}

Result<schema::Project> World::get(const std::string& name, const Identity& who) {
  auto reply = call<schema::ProjectReply>(who, "project.get", schema::GetRequest{name});
  if (!reply) return reply.error();
  return std::move(reply->project);
}

schema::Project World::project(const std::string& name) {
  auto found = get(name);
  if (!found) FAIL(found.error().message);
  return *found;
}

Result<schema::DeleteReply> World::remove(const std::string& name, schema::DeleteRequest request) {
  request.name = name;
  if (request.request_id.empty()) request.request_id = "auto-" + std::to_string(++requests_);
  return call<schema::DeleteReply>(kAlice, "project.delete", request);
}

Result<schema::DeleteReply> World::remove_node(const std::string& name,
                                               schema::DeleteRequest request) {
  request.name = name;
  request.request_id = "auto-" + std::to_string(++requests_);
  return call<schema::DeleteReply>(kAlice, "node.delete", request);
}

Result<schema::RegisterReply> World::register_node(const std::string& node,
                                                   const std::string& agent) {
  auto reply = call<schema::RegisterReply>(
      agent_of(node), "node.register",
      schema::RegisterRequest{.node = node, .agent_id = agent, .engine_ready = true});
  if (reply) registrations[node] = reply->registration;
  return reply;
}

runtime::Delivered World::beat_message(const std::string& node) {
  const std::string reply =
      schema::inbox_prefix(agent_of(node)) + ".r" + std::to_string(++requests_);
  return {schema::heartbeat_subject(node),
          schema::pack_message(
              schema::Heartbeat{.registration = registrations[node], .engine_ready = true}),
          runtime::ReplyTo{reply}};
}

Result<schema::HeartbeatReply> World::beat(const std::string& node) {
  const auto answer = answer_at_once(beat_message(node));
  if (!answer) return answer.error();
  return schema::unpack_reply<schema::HeartbeatReply>(*answer);
}

Result<schema::RevisionReply> World::bind(const std::string& name, const std::string& node) {
  const schema::Project seen = project(name);
  return call<schema::RevisionReply>(kSched, "project.bind",
                                     schema::BindRequest{.name = name,
                                                         .uid = seen.metadata.uid,
                                                         .revision = seen.metadata.revision,
                                                         .node = node});
}

schema::StatusRequest World::report(const std::string& name, Phase phase) {
  const schema::Project seen = project(name);
  return {.node = seen.status.node_ref,
          .registration = registrations[seen.status.node_ref],
          .name = name,
          .uid = seen.metadata.uid,
          .assignment = seen.status.assignment,
          .generation = seen.metadata.generation,
          .phase = phase,
          .reason = "Reported",
          .message = "by the test",
          .services = {}};
}

Result<schema::RevisionReply> World::send(const schema::StatusRequest& request) {
  return call<schema::RevisionReply>(agent_of(request.node), "project.status", request);
}

Result<schema::RevisionReply> World::gc(const std::string& verb, const std::string& name) {
  return call<schema::RevisionReply>(kGc, "project." + verb,
                                     schema::GcRequest{name, project(name).metadata.uid});
}

void World::run(const std::string& name, const std::string& node) {
  REQUIRE(apply(simple(name)).ok());
  REQUIRE(bind(name, node).ok());
  REQUIRE(send(report(name, Phase::kRunning)).ok());
}

void World::pass(std::chrono::seconds time, const std::vector<std::string>& alive) {
  for (std::chrono::seconds t{0}; t < time; ++t) {
    now.mono = now.mono + 1s;
    now.wall.ms += 1000;
    std::vector<runtime::Event> batch{runtime::TimerFired{1}};
    for (const std::string& node : alive) batch.push_back(beat_message(node));
    step(batch);
  }
}

std::vector<std::string> World::published(const std::string& subject) const {
  std::vector<std::string> bodies;
  for (const runtime::Effect& effect : effects) {
    const auto* publish = std::get_if<runtime::Publish>(&effect);
    if (publish != nullptr && publish->subject == subject) bodies.push_back(publish->body);
  }
  return bodies;
}

std::optional<std::string> World::stop_reason() const {
  for (const runtime::Effect& effect : effects) {
    if (const auto* stop = std::get_if<runtime::Stop>(&effect)) return stop->reason;
  }
  return std::nullopt;
}

std::uint64_t World::next_seed() {
  static std::uint64_t last = 0;
  return ++last;
}

const schema::Condition& condition(const schema::Project& project, const char* type) {
  const schema::Condition* found = find_condition(project.status.conditions, type);
  if (found == nullptr) FAIL("no condition " << type);
  return *found;
}

bool has_condition(const schema::Project& project, const char* type) {
  return find_condition(project.status.conditions, type) != nullptr;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace cara::apiserver
