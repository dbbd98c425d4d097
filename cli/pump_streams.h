// PumpStreams: Streams over a NATS connection of their own. Opened by the first stream; a lost one
// ends the streams, and the next one waits for another.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "cli/streams.h"
#include "schema/subjects.h"
#include "services/runtime/host/nats_connection.h"

namespace cara::host {
class StreamPump;
}

namespace cara::cli {

class PumpStreams final : public Streams {
 public:
  using Ask = std::function<Result<Ok>(std::string_view verb, const schema::StreamRequest& request,
                                       runtime::Duration timeout)>;
  struct Options {
    host::ConnectOptions connect;
    schema::Identity identity;
    Ask ask;  // the control plane, for `stream.<verb>`
    std::function<bool()> interrupted;
  };

  explicit PumpStreams(Options options);
  ~PumpStreams() override;
  PumpStreams(const PumpStreams&) = delete;
  PumpStreams& operator=(const PumpStreams&) = delete;

  Result<std::int64_t> open(std::string_view verb, schema::StreamRequest request,
                            std::unique_ptr<host::Endpoint> endpoint,
                            runtime::Duration timeout) override;
  void resize(std::int64_t stream, std::int64_t columns, std::int64_t rows) override;
  void signal(std::int64_t stream, std::string name) override;
  void close(std::int64_t stream) override;
  std::optional<Event> next(runtime::Duration patience) override;
  int event_fd() const override;

 private:
  class Queue;
  class EventEndpoint;

  schema::StreamId id_of(std::int64_t stream) const;

  const Options options_;
  const std::string client_;
  const std::shared_ptr<Queue> queue_;
  std::int64_t last_ = 0;
  std::unique_ptr<host::StreamPump> pump_;
};

}  // namespace cara::cli
