// A Docker engine of the test program's own: tests/contract/dockerd.sh, which takes everything down
// when the program ends, in whatever way.
#pragma once

#include <sys/types.h>

#include <string>

namespace cara::contract {

class PrivateDockerd {
 public:
  // Returns when the engine answers and has the images; throws if it does not come up.
  PrivateDockerd();
  ~PrivateDockerd();
  PrivateDockerd(const PrivateDockerd&) = delete;
  PrivateDockerd& operator=(const PrivateDockerd&) = delete;

  std::string host() const { return "unix://" + dir_ + "/docker.sock"; }
  // Runs a function of tests/e2e/lib/dockerd.sh on it: `freeze_dockerd`. The output, or throws.
  std::string shell(const std::string& function, const std::string& arguments = "") const;
  // The docker client's output; throws if it fails.
  std::string docker(const std::string& arguments) const { return shell("on_dockerd", arguments); }

 private:
  std::string dir_;
  pid_t keeper_ = -1;
  int lifeline_ = -1;  // the keeper ends when this end of its pipe is closed
};

}  // namespace cara::contract
