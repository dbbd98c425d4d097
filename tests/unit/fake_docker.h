// FakeDocker: an HTTP server on a unix socket with scripted answers, for what a real engine does
// only on bad days: hang on one container, break off, lie.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

namespace cara::docker {

struct FakeAnswer {
  int status = 200;
  std::string body;
  bool hangs = false;                         // never answers
  std::size_t cut_after = std::string::npos;  // bytes of the body, then the connection is closed
};

class FakeDocker {
 public:
  // Called with `GET /v1.41/info`. Requests are served one at a time, on the server's thread; one
  // that hangs does not hold up the others.
  using Script = std::function<FakeAnswer(const std::string& request)>;

  explicit FakeDocker(Script script);
  ~FakeDocker();
  FakeDocker(const FakeDocker&) = delete;
  FakeDocker& operator=(const FakeDocker&) = delete;

  std::string host() const { return "unix://" + path_; }

 private:
  void serve();

  Script script_;
  std::string path_;
  int listener_ = -1;
  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

}  // namespace cara::docker
