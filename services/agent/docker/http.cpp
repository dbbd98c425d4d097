#include "services/agent/docker/http.h"

#include <curl/curl.h>

#include <algorithm>

#include "schema/check.h"

namespace cara::docker {

namespace {

constexpr long kConnectLimitMs = 5'000;
constexpr std::size_t kMaxErrorBytes = 64 * 1024;

// What one exchange collects; the callbacks' user data.
struct Exchange {
  CURL* easy = nullptr;
  const HttpRequest* request = nullptr;
  const std::function<void()>* opened = nullptr;
  HttpResponse response;
  bool started = false;
  bool too_large = false;
  bool sink_ended = false;
};

bool is_success(long status) { return status >= 200 && status < 300; }

void note_start(Exchange& exchange) {
  if (exchange.started) return;
  exchange.started = true;
  curl_easy_getinfo(exchange.easy, CURLINFO_RESPONSE_CODE, &exchange.response.status);
  if (exchange.opened != nullptr && is_success(exchange.response.status)) (*exchange.opened)();
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
  const std::string_view line(data, size * count);
  auto& exchange = *static_cast<Exchange*>(user);
  // An empty line ends the headers; those of an interim answer (1xx) are not ours.
  if (line == "\r\n" || line == "\n") {
    long status = 0;
    curl_easy_getinfo(exchange.easy, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200) note_start(exchange);
  }
  return line.size();
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  const std::string_view piece(data, size * count);
  auto& exchange = *static_cast<Exchange*>(user);
  note_start(exchange);
  if (exchange.request->sink && is_success(exchange.response.status)) {
    if (exchange.request->sink(piece)) return piece.size();
    exchange.sink_ended = true;
    return 0;
  }
  std::string& body = exchange.response.body;
  if (!is_success(exchange.response.status)) {
    body += piece.substr(0, kMaxErrorBytes - std::min(kMaxErrorBytes, body.size()));
    return piece.size();
  }
  if (body.size() + piece.size() > exchange.request->max_bytes) {
    exchange.too_large = true;
    return 0;
  }
  body += piece;
  return piece.size();
}

void set_method(CURL* easy, const HttpRequest& request) {
  switch (request.method) {
    case Method::kGet:
      curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
      break;
    case Method::kPost:
      curl_easy_setopt(easy, CURLOPT_POST, 1L);
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(request.body.size()));
      break;
    case Method::kDelete:
      curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "DELETE");
      break;
  }
}

curl_slist* prepare(CURL* easy, const Endpoint& endpoint, Exchange& exchange) {
  const HttpRequest& request = *exchange.request;
  exchange.easy = easy;
  curl_easy_reset(easy);  // options only: the connection stays
  if (!endpoint.socket.empty()) {
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, endpoint.socket.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_URL, (endpoint.base_url + request.path).c_str());
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");  // an http_proxy of the environment is not for us
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, kConnectLimitMs);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.deadline.count()));
  if (request.stall_limit.count() > 0) {
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.stall_limit.count()));
  }
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
  set_method(easy, request);
  // Without `Expect:` a large body would wait a second for a 100 that dockerd never sends.
  curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
  headers = curl_slist_append(headers, "Expect:");
  for (const std::string& line : request.headers) {
    headers = curl_slist_append(headers, line.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  return headers;
}

std::string where(const Endpoint& endpoint) {
  return endpoint.socket.empty() ? endpoint.base_url : "unix://" + endpoint.socket;
}

Result<HttpResponse> conclude(CURLcode code, Exchange& exchange, const Endpoint& endpoint) {
  if (code == CURLE_OK || exchange.sink_ended) {
    curl_easy_getinfo(exchange.easy, CURLINFO_RESPONSE_CODE, &exchange.response.status);
    return std::move(exchange.response);
  }
  if (exchange.too_large) {
    return internal("the Docker engine's answer has more than " +
                    std::to_string(exchange.request->max_bytes) + " bytes");
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return timed_out("the Docker engine at " + where(endpoint) + " gave no answer in time");
  }
  return unavailable("the Docker engine at " + where(endpoint) +
                     " does not answer: " + curl_easy_strerror(code));
}

void init_once() {
  static const CURLcode kCode = curl_global_init(CURL_GLOBAL_DEFAULT);
  CARA_CHECK(kCode == CURLE_OK);
}

CURL* new_easy() {
  CURL* easy = curl_easy_init();
  CARA_CHECK(easy != nullptr);
  return easy;
}

}  // namespace

Result<Endpoint> parse_endpoint(const std::string& docker_host) {
  const std::string host = docker_host.empty() ? kDefaultHost : docker_host;
  const auto after = [&host](std::string_view scheme) {
    return host.starts_with(scheme) ? host.substr(scheme.size()) : std::string();
  };
  if (std::string path = after("unix://"); !path.empty()) {
    if (path.size() > 107) return invalid("the socket path of `" + host + "` is over 107 bytes");
    return Endpoint{.socket = path, .base_url = "http://docker"};
  }
  for (const std::string_view scheme : {"tcp://", "http://"}) {
    std::string address = after(scheme);
    while (address.ends_with('/')) address.pop_back();
    if (!address.empty()) return Endpoint{.socket = "", .base_url = "http://" + address};
  }
  return invalid("`" + host + "` is no Docker host; write unix:///path or tcp://host:port");
}

// --- HttpClient ----------------------------------------------------------------------------------

HttpClient::HttpClient(Endpoint endpoint) : endpoint_(std::move(endpoint)) { init_once(); }

HttpClient::~HttpClient() {
  for (void* easy : idle_) curl_easy_cleanup(easy);
}

Result<HttpResponse> HttpClient::call(const HttpRequest& request) {
  Exchange exchange{.request = &request};
  void* easy = borrow();
  curl_slist* headers = prepare(easy, endpoint_, exchange);
  const CURLcode code = curl_easy_perform(easy);
  auto result = conclude(code, exchange, endpoint_);
  curl_slist_free_all(headers);
  give_back(easy);
  return result;
}

void* HttpClient::borrow() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return new_easy();
  void* easy = idle_.back();
  idle_.pop_back();
  return easy;
}

void HttpClient::give_back(void* easy) {
  {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kMaxIdle) {
      idle_.push_back(easy);
      return;
    }
  }
  curl_easy_cleanup(easy);
}

// --- HttpStream ----------------------------------------------------------------------------------

HttpStream::HttpStream(Endpoint endpoint) : endpoint_(std::move(endpoint)) {
  init_once();
  multi_ = curl_multi_init();
  CARA_CHECK(multi_ != nullptr);
}

HttpStream::~HttpStream() { curl_multi_cleanup(multi_); }

Result<HttpResponse> HttpStream::run(const HttpRequest& request,
                                     const std::function<void()>& opened) {
  if (cancelled_) return unavailable("the call was cancelled");
  Exchange exchange{.request = &request, .opened = &opened};
  CURL* easy = new_easy();
  curl_slist* headers = prepare(easy, endpoint_, exchange);
  curl_multi_add_handle(multi_, easy);
  CURLcode code = CURLE_ABORTED_BY_CALLBACK;
  int running = 1;
  while (!cancelled_ && running > 0) {
    if (curl_multi_perform(multi_, &running) != CURLM_OK) break;
    if (running > 0) curl_multi_poll(multi_, nullptr, 0, 60'000, nullptr);
  }
  int left = 0;
  if (const CURLMsg* message = curl_multi_info_read(multi_, &left); message != nullptr) {
    code = message->data.result;
  }
  auto result = conclude(code, exchange, endpoint_);
  curl_multi_remove_handle(multi_, easy);
  curl_easy_cleanup(easy);
  curl_slist_free_all(headers);
  return result;
}

void HttpStream::cancel() {
  cancelled_ = true;
  curl_multi_wakeup(multi_);
}

void HttpStream::pause(std::chrono::milliseconds time) {
  if (cancelled_) return;
  curl_multi_poll(multi_, nullptr, 0, static_cast<int>(time.count()), nullptr);
}

}  // namespace cara::docker
