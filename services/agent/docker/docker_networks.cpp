// Names of networks are not unique: ours are found by label and name, and operated on by id.
#include <algorithm>
#include <utility>

#include "services/agent/docker/docker_engine.h"
#include "services/agent/docker/docker_errors.h"
#include "services/agent/docker/docker_json.h"
#include "services/agent/docker/docker_objects.h"

namespace cara::docker {

using agent::EngineReply;

namespace {

// Another agent may take the block that we have picked, and an engine in another network namespace
// knows of routes that we do not see.
constexpr int kMaxSubnetTries = 16;

bool is_overlap(const HttpResponse& response) {
  return !is_done(response) && read_message(response.body).find("overlap") != std::string::npos;
}

}  // namespace

Result<EngineReply> DockerEngine::run(const agent::CreateNetwork& op) {
  const std::lock_guard lock(network_mutex_);
  const auto listed = get("/networks");
  if (!listed.ok()) return listed.error();
  auto networks = read_network_list(listed->body);
  if (!is_done(*listed)) return error_of(listed->status, listed->body, "list networks");
  if (!networks) return internal("list networks: the Docker engine's answer makes no sense");
  const auto others = std::stable_partition(
      networks->begin(), networks->end(),
      [&](const ListedNetwork& network) { return network.info.name == op.name; });
  const auto foreign = std::stable_partition(
      networks->begin(), others,
      [&](const ListedNetwork& network) { return carries(network.info.labels, op.labels); });
  if (foreign != networks->begin()) {
    std::sort(networks->begin(), foreign,
              [](const ListedNetwork& a, const ListedNetwork& b) { return a.created < b.created; });
    // Doubles of ours that nobody uses go; one that is in use refuses, and stays.
    for (auto extra = networks->begin() + 1; extra != foreign; ++extra) {
      (void)remove(network_path(extra->info.id));
    }
    return EngineReply{.id = networks->front().info.id};
  }
  if (others != networks->begin()) {
    const auto& other = networks->front().info;
    return taken("network", op.name, other.id, other.labels);
  }
  return make_network(op, *networks);
}

Result<EngineReply> DockerEngine::make_network(agent::CreateNetwork op,
                                               const std::vector<ListedNetwork>& others) {
  const bool is_picked = op.subnet.empty();
  std::vector<Subnet> taken_blocks = is_picked ? options_.routes() : std::vector<Subnet>{};
  for (const ListedNetwork& other : others) {
    for (const std::string& text : other.subnets) {
      if (const auto subnet = parse_subnet(text)) taken_blocks.push_back(*subnet);
    }
  }
  for (int tries = 1;; ++tries) {
    if (is_picked) {
      const auto subnet = pick_subnet(options_.network_pool, taken_blocks);
      if (!subnet) {
        return invalid("create network " + op.name + ": no free /" +
                       std::to_string(options_.network_pool.prefix) + " is left in the pool " +
                       to_string(options_.network_pool) +
                       ": the node's routes and networks cover it; see --network-pool");
      }
      taken_blocks.push_back(*subnet);
      op.subnet = to_string(*subnet);
    }
    const auto created = post("/networks/create", write_network(op));
    if (!created.ok()) return created.error();
    if (is_done(*created)) return EngineReply{.id = read_id(created->body)};
    if (is_picked && is_overlap(*created) && tries < kMaxSubnetTries) continue;
    Error error = error_of(created->status, created->body,
                           "create network " + op.name + " with subnet " + op.subnet);
    if (is_overlap(*created)) error.code = Code::kInvalid;
    return error;
  }
}

Result<EngineReply> DockerEngine::run(const agent::RemoveNetwork& op) {
  auto response = remove(network_path(op.id));
  if (!response.ok()) return response.error();
  // "has active endpoints" is a 403, later a 409.
  if (response->status == 403 || response->status == 409) {
    const auto freed = disconnect_forgotten(op.id);
    if (!freed.ok()) return freed.error();
    response = remove(network_path(op.id));
    if (!response.ok()) return response.error();
  }
  if (is_done(*response) || response->status == 404) return EngineReply{};
  Error error = error_of(response->status, response->body, "remove network " + op.id.substr(0, 12));
  if (error.code == Code::kForbidden) error.code = Code::kConflict;
  return error;
}

// Ends that belong to no container any more keep a network from being removed (moby #23302).
Result<Ok> DockerEngine::disconnect_forgotten(const std::string& network) {
  const auto detail = get(network_path(network));
  if (!detail.ok()) return detail.error();
  if (detail->status == 404) return Ok{};
  const auto ends = read_network_ends(detail->body);
  if (!ends) return Ok{};
  for (const NetworkEnd& end : *ends) {
    const auto container = get(container_path(end.container) + "/json");
    if (!container.ok()) return container.error();
    if (container->status == 200) {
      return conflict("network " + network.substr(0, 12) + " is still used by container " +
                      end.name);
    }
    // By name: an end that has lost its container is not found by the container's id.
    const auto result = post(network_path(network) + "/disconnect", write_disconnect(end.name));
    if (!result.ok()) return result.error();
  }
  return Ok{};
}

}  // namespace cara::docker
