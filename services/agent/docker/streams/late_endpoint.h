// LateEndpoint: stands for an endpoint that is still being opened: engines may be slow, and a
// hundred commands begin one after the other. Its stream is open meanwhile; what comes for it
// waits.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/runtime/host/stream_endpoint.h"

namespace cara::docker {

class LateEndpoint final : public host::Endpoint {
 public:
  using Opened = Result<std::unique_ptr<host::Endpoint>>;

  // Whoever opens it has the other half. Any thread.
  class Opener;
  static std::pair<std::unique_ptr<LateEndpoint>, std::shared_ptr<Opener>> make(
      std::string container = {});

  LateEndpoint(std::shared_ptr<Opener> opener, std::string container)
      : opener_(std::move(opener)), container_(std::move(container)) {}
  ~LateEndpoint() override;
  LateEndpoint(const LateEndpoint&) = delete;
  LateEndpoint& operator=(const LateEndpoint&) = delete;

  int read_fd() const override;
  int write_fd() const override;
  Read read(std::size_t limit) override;
  Result<std::size_t> write(std::string_view bytes, schema::Channel channel) override;
  void end_of_input() override;
  std::string container() const override { return container_; }
  bool waits_for_input() const override { return !inner_ || inner_->waits_for_input(); }
  void resize(std::int64_t columns, std::int64_t rows) override;
  void signal(const std::string& name) override;
  void finish(Done done) override;
  void abandon() override;

 private:
  // An error: it could not be opened.
  Result<Ok> look();

  const std::shared_ptr<Opener> opener_;
  const std::string container_;
  std::unique_ptr<host::Endpoint> inner_;
  // For inner_, once it is there.
  bool input_ended_ = false;
  std::optional<std::pair<std::int64_t, std::int64_t>> size_;
  std::vector<std::string> signals_;
};

class LateEndpoint::Opener {
 public:
  Opener();
  ~Opener();
  Opener(const Opener&) = delete;
  Opener& operator=(const Opener&) = delete;

  // The stream is over already: there is nothing to open any more.
  bool is_cancelled() const;
  // At most once.
  void done(Opened opened);

 private:
  friend class LateEndpoint;
  std::optional<Opened> take();
  void cancel();

  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace cara::docker
