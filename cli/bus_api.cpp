#include "cli/bus_api.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "services/runtime/host/bus_client.h"
#include "services/runtime/host/clock.h"
#include "services/runtime/host/logging.h"

namespace cara::cli {
namespace {

using std::chrono::milliseconds;

// How late Ctrl-C is noticed.
constexpr milliseconds kSlice{100};

milliseconds to_ms(runtime::Duration duration) { return std::chrono::ceil<milliseconds>(duration); }

class BusHints final : public Hints {
 public:
  BusHints(host::BusClient& client, const std::function<bool()>& interrupted)
      : client_(client), interrupted_(interrupted) {}

  void wait(runtime::Duration patience) override {
    const runtime::MonoTime end = host::mono_now() + patience;
    while (!interrupted_()) {
      const runtime::Duration left = end - host::mono_now();
      if (left.count() <= 0) return;
      const auto message = client_.next(std::min(kSlice, to_ms(left)));
      if (message && !*message) continue;
      // Missed messages are as good as one; a lost connection only leaves the slow looking.
      if (!message && message.error().code != Code::kGone) std::this_thread::sleep_for(kSlice);
      if (message || message.error().code == Code::kGone) return;
    }
  }

 private:
  host::BusClient& client_;
  const std::function<bool()>& interrupted_;
};

class BusApi final : public Api {
 public:
  BusApi(std::unique_ptr<host::BusClient> client, std::function<bool()> interrupted)
      : client_(std::move(client)), interrupted_(std::move(interrupted)) {}

  Result<runtime::Payload> call(std::string_view operation, const runtime::Payload& body,
                                runtime::Duration timeout) override {
    return client_->request(std::string(operation), body, to_ms(timeout));
  }

  Result<std::unique_ptr<Hints>> watch(const std::string& subject) override {
    if (const Result<Ok> done = client_->subscribe(subject); !done) return done.error();
    return std::unique_ptr<Hints>(std::make_unique<BusHints>(*client_, interrupted_));
  }

 private:
  std::unique_ptr<host::BusClient> client_;
  const std::function<bool()> interrupted_;
};

}  // namespace

Result<std::unique_ptr<Api>> connect_to_bus(const Connection& connection,
                                            std::function<bool()> interrupted) {
  host::start_logging(
      {.program = "caractrl", .level = connection.log_level, .format = connection.log_format});
  auto client = host::BusClient::connect({.url = connection.url, .identity = connection.identity});
  if (!client) return client.error();
  return std::unique_ptr<Api>(std::make_unique<BusApi>(std::move(*client), std::move(interrupted)));
}

}  // namespace cara::cli
