// Cluster: the real actors of every process on the real store and the model engine, in a World.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "schema/types.h"
#include "services/apiserver/context.h"
#include "services/apiserver/store/store.h"
#include "tests/sim/client.h"
#include "tests/sim/model_engine.h"
#include "tests/sim/model_ingress.h"
#include "tests/sim/operator.h"
#include "tests/sim/reader.h"
#include "tests/sim/store_faults.h"
#include "tests/sim/world.h"

namespace cara::sim {

inline constexpr const char* kClusterId = "c0ffee";
inline constexpr const char* kApiserver = "apiserver";
inline constexpr const char* kHopKey = "hop";

struct ClusterOptions {
  std::uint64_t seed = 0;
  int nodes = 3;
  int ingresses = 0;  // the first so many nodes have one
  int schedulers = 2;
  int gcs = 2;
  // Of the projects that a client plays with, and an operator and a reader beside it; empty: there
  // are none of them.
  std::vector<std::string> client_names = {};
  Duration client_every = std::chrono::milliseconds(700);  // between two of its deeds, on average
  bool same_clocks = false;
  std::int64_t max_changes = 10'000;  // that the store remembers
  bool zones = false;                 // nodes are labelled with their zone
  std::int64_t node_memory = 0;       // bytes; 0: so much that it does not matter
  apiserver::Options apiserver = {.domain = {},
                                  .node_timeout = std::chrono::seconds(4),
                                  .grace_period = std::chrono::seconds(6),
                                  .termination_timeout = std::chrono::seconds(15)};
};

class Cluster {
 public:
  explicit Cluster(ClusterOptions options);
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  void start_all();  // everything that is down

  World& world() { return world_; }
  const ClusterOptions& options() const { return options_; }
  apiserver::Store& store() { return *store_; }
  // Its disk takes nothing new from now on, or does again.
  void set_disk_full(bool full);
  void fail_next_commit();
  void keep_next_commit() { disk_.fail_next_commit({}); }
  bool moves_held();  // of lost nodes, as the store says
  // Since when the apiserver is well and can write. Nothing: it is not, or cannot.
  std::optional<MonoTime> apiserver_well_since() const;
  Client* client() { return client_; }  // null: none, or not started
  Operator* the_operator() { return operator_; }
  const std::vector<std::string>& node_names() const { return node_names_; }
  static std::string agent_of(const std::string& node) { return "agent-" + node; }
  static std::string scheduler(int number) { return "sched-s" + std::to_string(number); }
  static std::string gc(int number) { return "gc-g" + std::to_string(number); }

  // Brought up to the present first.
  ModelEngine& engine_of(const std::string& node);
  // Null: the node has none. It outlives its agent.
  ModelIngress* router_of(const std::string& node);
  static std::string ingress_of(const std::string& node) {
    return "100.64.0." + node.substr(1) + ":80";  // n2 is 2
  }
  // It does not run, and why. Empty: it does again, with the routes that it was given last.
  void set_router_trouble(const std::string& node, const std::string& trouble);
  // The machine is switched off and on: its agent is down, its containers have ended, its router
  // has no routes.
  void reboot(const std::string& node);
  // Set up anew under its name: its agent is down, is another one and has forgotten everything. The
  // engine has not, if it is kept.
  enum class Disk { kEmpty, kEngineKept };
  void reinstall(const std::string& node, Disk disk);
  // Everything with labels of ours. What carries none of them: decoys().
  agent::Observation observe(const std::string& node);
  agent::Observation everything(const std::string& node);

  std::map<std::string, schema::Project> projects();
  std::map<std::string, schema::Node> nodes();

 private:
  void set_wall_clock(ProcessSpec& spec);
  void add_apiserver();
  void add_scheduler(int number);
  void add_gc(int number);
  void add_node(int number);
  void add_router(const std::string& node, ProcessSpec& spec);
  void add_client();
  void add_operator();
  void add_reader();
  void watch_engine(const std::string& node);
  ProcessSpec process(const std::string& name, schema::Role role, const std::string& id);

  ClusterOptions options_;
  runtime::IdSource random_;
  World world_;
  StoreFaults disk_;
  MonoTime disk_free_since_;
  std::unique_ptr<apiserver::Store> store_;
  std::vector<std::string> node_names_;
  std::map<std::string, std::unique_ptr<ModelEngine>> engines_;
  std::map<std::string, ModelIngress> routers_;
  std::map<std::string, std::string> agent_ids_;
  std::map<std::string, std::string> caches_;   // on each node's disk: its agent's desired set
  std::map<std::string, std::uint64_t> boots_;  // of the nodes
  std::uint64_t installations_ = 0;
  Client* client_ = nullptr;
  Operator* operator_ = nullptr;
};

// Objects of other people that stand in our way or beside it, on every node.
void add_decoys(ModelEngine& engine);

}  // namespace cara::sim
