// HTTP to a Docker engine over its unix socket or TCP, by libcurl.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"

namespace cara::docker {

inline constexpr const char* kDefaultHost = "unix:///var/run/docker.sock";

// Where the engine listens, as DOCKER_HOST writes it.
struct Endpoint {
  std::string socket;    // path of the unix socket; empty: TCP
  std::string base_url;  // `http://docker` or `http://host:port`
};
Result<Endpoint> parse_endpoint(const std::string& docker_host);

enum class Method { kGet, kPost, kDelete };

// Takes a piece of the body; false ends the transfer.
using Sink = std::function<bool(std::string_view)>;

struct HttpRequest {
  Method method = Method::kGet;
  std::string path;                          // with the query
  std::string body;                          // JSON; empty: none
  std::vector<std::string> headers;          // `Name: value`, without line ends
  std::chrono::milliseconds deadline{};      // for the whole exchange; 0: none
  std::chrono::seconds stall_limit{};        // without one byte; 0: none
  std::size_t max_bytes = 16 * 1024 * 1024;  // of the body; of an error's body if there is a sink
  Sink sink;  // takes the body of a 2xx answer instead of the response
};

struct HttpResponse {
  long status = 0;
  std::string body;
};

// One connection per concurrent call, kept open between calls. Any thread.
class HttpClient {
 public:
  explicit HttpClient(Endpoint endpoint);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Any status is an answer. kUnavailable: nobody listens there or the connection broke;
  // kTimeout: no answer in time; kInternal: an answer over max_bytes.
  Result<HttpResponse> call(const HttpRequest& request);

 private:
  static constexpr std::size_t kMaxIdle = 16;

  void* borrow();
  void give_back(void* easy);

  Endpoint endpoint_;
  std::mutex mutex_;
  std::vector<void*> idle_;  // CURL handles; under mutex_
};

// One long exchange that another thread can end.
class HttpStream {
 public:
  explicit HttpStream(Endpoint endpoint);
  ~HttpStream();
  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;

  // Blocks until the other side ends it, it breaks, or cancel(). `opened` is called when the
  // status line of a 2xx answer has arrived. One thread.
  Result<HttpResponse> run(const HttpRequest& request, const std::function<void()>& opened);
  // Any thread, at once. Later runs end at once too.
  void cancel();
  bool cancelled() const { return cancelled_; }
  // Waits, or until cancel(). The thread of run().
  void pause(std::chrono::milliseconds time);

 private:
  Endpoint endpoint_;
  void* multi_;  // CURLM
  std::atomic<bool> cancelled_ = false;
};

}  // namespace cara::docker
