// What the contract's cases need of an engine under test. Linked once per engine: each program has
// its own harness(). Images that every harness knows are named below.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "services/agent/engine.h"
#include "tests/catch_compat.h"

namespace cara::contract {

inline constexpr const char* kRuns = "cara-test/runs:1";            // until it is stopped
inline constexpr const char* kDeaf = "cara-test/deaf:1";            // until it is killed
inline constexpr const char* kExits0 = "cara-test/exits0:1";        // at once
inline constexpr const char* kExits3 = "cara-test/exits3:1";        // after it has said two lines
inline constexpr const char* kKilled = "cara-test/killed:1";        // by SIGKILL: 137
inline constexpr const char* kNoCommand = "cara-test/nocommand:1";  // 127
inline constexpr const char* kNotExecutable = "cara-test/notexecutable:1";  // 126
inline constexpr const char* kHealthy = "cara-test/healthy:1";  // a second after its start
inline constexpr const char* kUnhealthy = "cara-test/unhealthy:1";
inline constexpr const char* kOwnVolume = "cara-test/ownvolume:1";  // VOLUME /own
inline constexpr const char* kMissing = "127.0.0.1:5000/missing:1";
inline constexpr const char* kPulled = "127.0.0.1:5000/app:1";  // in a registry only

inline constexpr const char* kSaid = "one\ntwo\n";  // by kExits3

class Harness {
 public:
  virtual ~Harness() = default;
  virtual agent::Engine& engine() = 0;
  // Lets time pass until the condition holds; false: it did not within the engine's patience.
  virtual bool wait_until(const std::function<bool()>& condition) = 0;
  virtual std::size_t anonymous_volumes() = 0;
  // Events of node kNode, from the start of the program.
  virtual std::vector<agent::EngineEvent> events() = 0;
  // By hand, as a user would.
  virtual void pause(const std::string& container) = 0;
  virtual void kill(const std::string& container) = 0;
};

Harness& harness();

inline constexpr const char* kNode = "contract";

// One project's objects in the engine under test, removed at the end of the case.
class Project {
 public:
  explicit Project(std::string name);
  ~Project();
  Project(const Project&) = delete;
  Project& operator=(const Project&) = delete;

  const agent::Labels& labels() const { return labels_; }
  // REQUIREs success.
  agent::EngineReply run(const agent::EngineOp& op);
  // REQUIREs a failure.
  Error refused(const agent::EngineOp& op);
  std::string network(const std::string& name);
  std::string create(const std::string& name, const std::string& image);
  std::string start(const std::string& name, const std::string& image);
  agent::ContainerSpec spec(const std::string& name, const std::string& image) const;
  agent::Observation observe();
  // REQUIREs that there is exactly this one.
  agent::ContainerInfo container(const std::string& name);
  // REQUIREs that it comes to pass.
  void wait_for(const std::string& container, agent::ContainerState state);
  void wait_for(const std::string& container, agent::Health health);

 private:
  agent::Labels labels_;
};

}  // namespace cara::contract
