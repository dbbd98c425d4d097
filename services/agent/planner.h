// Planner: plan() in the making. plan.cpp has the order of things, plan_objects.cpp images,
// networks and volumes, plan_services.cpp containers, plan_serving.cpp what the ingress may send
// requests to, plan_report.cpp what is said. Include it there only.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "services/agent/explain.h"
#include "services/agent/plan.h"

namespace cara::agent {

class Planner {
 public:
  Planner(const Situation& situation, Memory memory)
      : situation_(situation), memory_(std::move(memory)) {}

  Plan run();

 private:
  using Containers = std::vector<const ContainerInfo*>;

  // One service and its containers.
  struct Slot {
    const schema::ServiceDef* service = nullptr;
    const ContainerInfo* fit = nullptr;  // made from the wanted spec
    const ContainerInfo* old = nullptr;  // of another spec: what serves until `fit` does
    bool is_next = false;                // `fit` has not taken that name yet
    Verdict verdict;                     // of `fit`
  };

  // --- plan.cpp
  // True if the operation is sent now.
  bool want(std::string key, std::string subject, EngineOp op);
  void again_at(runtime::MonoTime time);
  bool is_settled() const;
  bool is_allowed(const schema::DesiredProject& desired);
  void tear_down();
  void converge(const schema::DesiredProject& desired);
  bool remove_stale(const schema::DesiredProject& desired);
  void pause();
  void make_services(const schema::DesiredProject& desired);
  void remove_unused(const schema::DesiredProject& desired);

  // --- plan_objects.cpp
  // Stops and removes them; those that others of them depend on go last.
  void remove_all(const Containers& leaving);
  bool must_wait_for(const ContainerInfo& container, const Containers& leaving) const;
  void stop(const ContainerInfo& container);
  void remove(const ContainerInfo& container);
  void remove(const NetworkInfo& network);
  void remove(const VolumeInfo& volume);
  bool is_kept(const VolumeInfo& volume) const;
  bool want_images(const schema::DesiredProject& desired);
  bool want_networks(const schema::DesiredProject& desired);
  bool want_network(const schema::DesiredProject& desired, const schema::NetworkDef& network);
  bool remove_twins(const schema::DesiredProject& desired, const schema::NetworkDef& network);
  bool is_used(const std::string& network) const;  // id or name, as containers tell it
  bool want_volumes(const schema::DesiredProject& desired);
  void find_networks(const schema::DesiredProject& desired);

  // --- plan_services.cpp
  void find_services(const schema::DesiredProject& desired);
  void find_fit(const schema::DesiredProject& desired, Slot& slot, const Containers& candidates);
  bool fits(const schema::DesiredProject& desired, const schema::ServiceDef& service,
            const ContainerInfo& container) const;
  void replace(const schema::DesiredProject& desired);
  void create(const schema::DesiredProject& desired, const Slot& slot);
  bool was_ready(const std::string& service, const ContainerInfo& container) const;
  void give_name(const schema::DesiredProject& desired, const schema::ServiceDef& service,
                 const ContainerInfo& container);
  bool starts_first(const schema::DesiredProject& desired, const Slot& slot) const;
  void promote(const schema::DesiredProject& desired, const Slot& slot);
  void watch(const schema::DesiredProject& desired, Slot& slot, const ContainerInfo& container,
             bool known_before);
  void explain(const Slot& slot, const ContainerInfo& container, const Verdict& verdict,
               ServiceMemory& memory);
  void act(const Slot& slot, const ContainerInfo& container);
  void start(const schema::ServiceDef& service, const ContainerInfo& container);
  void rejoin(const Slot& slot);
  // Empty if the service may start; else what it waits for, in words.
  std::string held_up_by(const schema::ServiceDef& service) const;
  bool is_taken(const std::string& container) const;

  // --- plan_serving.cpp
  void serve(const schema::DesiredProject& desired);
  void keep_serving();
  bool is_routed(const schema::DesiredProject& desired) const;
  bool may_serve(const schema::DesiredProject& desired) const;
  std::string why_not(const schema::DesiredProject& desired) const;
  const ContainerInfo* serving_container(const Slot& slot) const;
  std::string address_of(const schema::ServiceDef& service, const ContainerInfo& container) const;
  runtime::Duration grace_of(const ContainerInfo& container) const;
  bool is_to_end(const std::string& container) const {
    return plan_.serving.ending.contains(container);
  }
  // False: requests may still be sent to it. It will have no new ones from now on.
  bool may_end(const ContainerInfo& container);

  // --- plan_report.cpp
  void report(const schema::DesiredProject& desired);
  bool is_overdue(const schema::DesiredProject& desired);
  schema::ServiceStatus status_of(const schema::ServiceDef& service) const;
  void occurred(std::string reason, std::string message, std::string about);

  const Situation& situation_;
  Memory memory_;
  Plan plan_;
  std::map<std::string, Slot> slots_;  // by service
  Containers extra_;                   // of no slot: to be removed
  Surroundings around_;                // what is there and fits
  bool unfinished_ = false;            // something is to be done, now or later
  std::vector<Problem> problems_;
  std::vector<std::string> waiting_;  // words for the services that are not ready yet
};

inline bool is_running(const ContainerInfo& container) {
  return container.state == ContainerState::kRunning ||
         container.state == ContainerState::kRestarting;
}

inline std::string quoted(const char* kind, const std::string& name) {
  return std::string(kind) + " `" + name + "`";
}

}  // namespace cara::agent
