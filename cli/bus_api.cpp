#include "cli/bus_api.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "cli/pump_streams.h"
#include "schema/wire.h"
#include "services/runtime/host/bus_client.h"
#include "services/runtime/host/clock.h"
#include "services/runtime/host/logging.h"

namespace cara::cli {
namespace {

using std::chrono::milliseconds;

// How late Ctrl-C is noticed.
constexpr milliseconds kSlice{100};

milliseconds to_ms(runtime::Duration duration) { return std::chrono::ceil<milliseconds>(duration); }

// One connection at a time; a lost one is replaced when the next call needs it.
class BusApi final : public Api {
 public:
  BusApi(host::BusClientOptions options, std::unique_ptr<host::BusClient> client,
         std::function<bool()> interrupted)
      : options_(std::move(options)),
        client_(std::move(client)),
        interrupted_(std::move(interrupted)) {}

  Result<runtime::Payload> call(std::string_view operation, const runtime::Payload& body,
                                runtime::Duration timeout) override {
    if (const Result<Ok> done = reconnect(); !done) return done.error();
    auto reply = client_->request(std::string(operation), body, to_ms(timeout));
    // Whether the connection or only the control plane is gone shows at the next attempt.
    in_doubt_ = !reply && reply.error().code == Code::kUnavailable;
    return reply;
  }

  Result<std::unique_ptr<Hints>> watch(const std::string& subject) override {
    if (const Result<Ok> done = reconnect(); !done) return done.error();
    if (const Result<Ok> done = client_->subscribe(subject); !done) return done.error();
    watched_.push_back(subject);
    return std::unique_ptr<Hints>(std::make_unique<BusHints>(*this));
  }

  Streams& streams() override {
    if (!streams_) {
      const auto ask = [this](std::string_view verb, const schema::StreamRequest& request,
                              runtime::Duration timeout) -> Result<Ok> {
        const auto body =
            call("stream." + std::string(verb), schema::pack_message(request), timeout);
        if (!body) return body.error();
        const auto reply = schema::unpack_reply<schema::StreamReply>(*body);
        if (reply) return Ok{};
        // The control plane answers; what is not there is a node, or a container.
        Error error = reply.error();
        if (error.code == Code::kUnavailable) error.code = Code::kConflict;
        return error;
      };
      streams_ = std::make_unique<PumpStreams>(PumpStreams::Options{
          host::connect_options(options_), options_.identity, ask, interrupted_});
    }
    return *streams_;
  }

  Result<std::vector<Heard>> ask_all(const std::string& subject, runtime::Duration patience,
                                     const IsDone& done) override {
    if (const Result<Ok> connected = reconnect(); !connected) return connected.error();
    std::vector<Heard> all;
    const auto heard = client_->ask_all(subject, to_ms(patience),
                                        [&](const std::vector<host::BusClient::Heard>& so_far) {
                                          for (std::size_t i = all.size(); i < so_far.size(); ++i) {
                                            all.push_back({so_far[i].body, so_far[i].after});
                                          }
                                          return done(all);
                                        });
    if (!heard) return heard.error();
    return all;
  }

 private:
  class BusHints final : public Hints {
   public:
    explicit BusHints(BusApi& api) : api_(api) {}
    void wait(runtime::Duration patience) override { api_.wait(patience); }

   private:
    BusApi& api_;
  };

  void wait(runtime::Duration patience) {
    const runtime::MonoTime end = host::mono_now() + patience;
    while (!interrupted_()) {
      const runtime::Duration left = end - host::mono_now();
      if (left.count() <= 0) return;
      const milliseconds slice = std::min(kSlice, to_ms(left));
      const auto message = client_->next(slice);
      // Missed messages are as good as one.
      if (message ? message->has_value() : message.error().code == Code::kGone) return;
      if (!message) std::this_thread::sleep_for(slice);  // lost: then only time tells
    }
  }

  Result<Ok> reconnect() {
    if (!in_doubt_) return Ok{};
    auto client = host::BusClient::connect(options_);
    if (!client) return client.error();
    for (const std::string& subject : watched_) {
      if (const Result<Ok> done = (*client)->subscribe(subject); !done) return done.error();
    }
    client_ = std::move(*client);
    in_doubt_ = false;
    return Ok{};
  }

  const host::BusClientOptions options_;
  std::unique_ptr<host::BusClient> client_;
  bool in_doubt_ = false;
  std::vector<std::string> watched_;
  const std::function<bool()> interrupted_;
  std::unique_ptr<PumpStreams> streams_;  // from the first use on
};

}  // namespace

Result<std::unique_ptr<Api>> connect_to_bus(const Connection& connection,
                                            std::function<bool()> interrupted) {
  host::start_logging(
      {.program = "caractrl", .level = connection.log_level, .format = connection.log_format});
  host::BusClientOptions options{.url = connection.url,
                                 .identity = connection.identity,
                                 .connect_timeout = connection.connect_timeout,
                                 .access = connection.access};
  auto client = host::BusClient::connect(options);
  if (!client) return client.error();
  return std::unique_ptr<Api>(
      std::make_unique<BusApi>(std::move(options), std::move(*client), std::move(interrupted)));
}

}  // namespace cara::cli
