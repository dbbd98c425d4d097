// ModelEngine: agent::Engine in memory, for the simulator. No clock, thread or randomness: time
// passes by advance() only, ids are counted, and what containers do is a property of their image.
// tests/contract runs the same cases on it and on a real Docker engine.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/agent/engine.h"

namespace cara::sim {

// How a container made of an image behaves once it is started. Times count from its start.
struct ImageBehaviour {
  std::optional<std::int64_t> exits_after_ms;   // not set: runs until it is stopped
  std::int64_t exit_code = 0;                   // of that exit
  bool oom_killed = false;                      // that exit is the kernel's doing
  std::string start_error;                      // not empty: it cannot start, in these words
  agent::Health health = agent::Health::kNone;  // where its checks end; kNone: it has none
  std::int64_t health_after_ms = 0;             // until then: kStarting
  std::int64_t stop_exit_code = 143;            // when it is asked to stop (SIGTERM)
  int own_volumes = 0;                          // VOLUME lines: anonymous volumes of a container
  std::string output;                           // written at every start
};

enum class Source { kLocal, kRegistry };  // kRegistry: not there until EnsureImage pulls it

class ModelEngine : public agent::Engine {
 public:
  using EventSink = std::function<void(const agent::EngineEvent&)>;
  // May refuse an operation before it has any effect. For faults where it takes effect and only
  // the answer is lost, drop the answer.
  using Fault = std::function<std::optional<Error>(const agent::EngineOp&)>;

  explicit ModelEngine(Timestamp now) : now_(now) {}

  Result<agent::EngineReply> execute(const agent::EngineOp& op) override;

  // --- The world around it ---
  void add_image(const std::string& image, ImageBehaviour behaviour,
                 Source source = Source::kLocal);
  void remove_image(const std::string& image) { images_.erase(image); }
  // What GetInfo answers.
  agent::EngineInfo& machine() { return machine_; }
  void set_event_sink(EventSink sink) { sink_ = std::move(sink); }
  void set_fault(Fault fault) { fault_ = std::move(fault); }
  // What is free of the machine, and its addresses.
  void set_readings(agent::Readings readings) { readings_ = std::move(readings); }
  // Lets what is due until `now` happen, in order. REQUIRES: time does not go back.
  void advance(Timestamp now);
  // When the next thing happens by itself; not set: nothing will.
  std::optional<Timestamp> next_change() const;
  // The machine was switched off and on: every running container has ended with 137.
  void reboot();

  // What a user does by hand, behind the agent's back. False: no such container.
  bool kill(const std::string& container, std::int64_t exit_code);
  bool pause(const std::string& container);
  // Its checks have come to another result.
  bool set_health(const std::string& container, agent::Health health);
  bool rename(const std::string& container, const std::string& name);

  std::size_t containers() const { return containers_.size(); }
  std::size_t anonymous_volumes() const;
  bool has_image(const std::string& image) const;

 private:
  struct Image {
    ImageBehaviour behaviour;
    Source source = Source::kLocal;
    bool present = false;
    bool pulled = false;  // by us; a local one is somebody else's
    Timestamp last_used = {};
  };
  struct Container {
    agent::ContainerInfo info;
    agent::ContainerSpec spec;
    ImageBehaviour behaviour;
    std::string output;
  };
  using Reply = Result<agent::EngineReply>;

  Reply run(const agent::GetInfo& op);
  Reply run(const agent::Observe& op);
  Reply run(const agent::EnsureImage& op);
  Reply run(const agent::CreateNetwork& op);
  Reply run(const agent::RemoveNetwork& op);
  Reply run(const agent::CreateVolume& op);
  Reply run(const agent::RemoveVolume& op);
  Reply run(const agent::CreateContainer& op);
  Reply run(const agent::StartContainer& op);
  Reply run(const agent::StopContainer& op);
  Reply run(const agent::RemoveContainer& op);
  Reply run(const agent::RenameContainer& op);
  Reply run(const agent::TailLogs& op);
  Reply run(const agent::CancelPull& op);
  Reply run(const agent::CollectImages& op);

  Container* find(const std::string& id_or_name);
  bool has_network(const std::string& id_or_name) const;
  std::string free_subnet() const;
  std::string free_address(const agent::ContainerSpec& spec) const;
  std::string next_id();
  void end(Container& container, std::int64_t exit_code, Timestamp when);
  void change_health(Container& container);
  void announce(const agent::Labels& labels, const std::string& action);
  static bool is_up(const Container& container);
  static std::optional<Timestamp> due(const Container& container);

  Timestamp now_;
  agent::EngineInfo machine_{.engine_version = "model",
                             .api_version = "1.41",
                             .os = "Model Linux",
                             .kernel = "6.1",
                             .architecture = "amd64",
                             .cpus = 4,
                             .memory_bytes = std::int64_t{8} * 1024 * 1024 * 1024};
  std::uint64_t made_ = 0;  // objects so far: the source of ids
  std::map<std::string, Image> images_;
  std::map<std::string, Container> containers_;         // by id
  std::map<std::string, agent::NetworkInfo> networks_;  // by id
  std::map<std::string, agent::VolumeInfo> volumes_;    // by name
  agent::Readings readings_{.addresses = {"192.0.2.1"},
                            .disk_bytes = std::int64_t{100} << 30,
                            .disk_free_bytes = std::int64_t{60} << 30,
                            .memory_free_bytes = std::int64_t{6} << 30};
  EventSink sink_;
  Fault fault_;
};

}  // namespace cara::sim
