// A DockerEngine on a FakeDocker that answers /version by itself and keeps the other requests.
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "services/agent/docker/docker_engine.h"
#include "tests/unit/fake_docker.h"

namespace cara::docker {

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class Scripted {
 public:
  explicit Scripted(FakeDocker::Script script, DockerOptions options = {})
      : server_([this, script = std::move(script)](const std::string& request) {
          if (has(request, "GET /version")) return FakeAnswer{.body = kVersion};
          {
            const std::lock_guard lock(mutex_);
            requests_.push_back(request);
          }
          return script(request);
        }),
        engine_(complete(std::move(options))) {}

  DockerEngine& engine() { return engine_; }
  Result<agent::EngineReply> run(const agent::EngineOp& op) { return engine_.execute(op); }
  int count(const std::string& part) {
    const std::lock_guard lock(mutex_);
    int n = 0;
    for (const auto& request : requests_) n += has(request, part) ? 1 : 0;
    return n;
  }

 private:
  static constexpr const char* kVersion =
      R"({"ApiVersion":"1.41","MinAPIVersion":"1.12","Version":"20","Arch":"amd64"})";

  DockerOptions complete(DockerOptions options) {
    options.endpoint = *parse_endpoint(server_.host());
    options.read_limit = std::chrono::milliseconds(2'000);
    options.write_limit = std::chrono::milliseconds(2'000);
    options.inspect_limit = std::chrono::milliseconds(200);
    return options;
  }

  std::mutex mutex_;
  std::vector<std::string> requests_;  // under mutex_
  FakeDocker server_;
  DockerEngine engine_;
};

}  // namespace cara::docker
