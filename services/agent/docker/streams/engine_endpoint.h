// Endpoints whose bytes come from a connection to the Docker engine that was taken over.
#pragma once

#include <memory>
#include <string>

#include "services/agent/docker/streams/exec_control.h"
#include "services/agent/docker/streams/frame_reader.h"
#include "services/runtime/host/stream_endpoint.h"

namespace cara::docker {

// What the engine sends; it is sent nothing. Logs, and archives.
class EngineEndpoint : public host::Endpoint {
 public:
  enum class Shape { kFrames, kRaw };
  // Owns `fd`, a non-blocking socket.
  EngineEndpoint(int fd, Shape shape, FrameReader::Of of = FrameReader::Of::kBytes)
      : fd_(fd), shape_(shape), frames_(of) {}
  ~EngineEndpoint() override;
  EngineEndpoint(const EngineEndpoint&) = delete;
  EngineEndpoint& operator=(const EngineEndpoint&) = delete;

  int read_fd() const override { return fd_; }
  int write_fd() const override { return -1; }
  Read read(std::size_t limit) override;
  Result<std::size_t> write(std::string_view bytes, schema::Channel channel) override;

 protected:
  int fd() const { return fd_; }

 private:
  Read read_raw(std::size_t limit) const;
  Read read_frames(std::size_t limit);

  const int fd_;
  const Shape shape_;
  FrameReader frames_;
};

// A command in a container: its output, its standard input, its exit code.
class ExecEndpoint final : public EngineEndpoint {
 public:
  // `has_input`: what is written reaches the command.
  ExecEndpoint(int fd, Shape shape, bool has_input, std::shared_ptr<ExecControl> control)
      : EngineEndpoint(fd, shape), has_input_(has_input), control_(std::move(control)) {}
  // A command that nobody hears of any more does not go on.
  ~ExecEndpoint() override { abandon_unless_over(); }

  int write_fd() const override { return has_input_ ? fd() : -1; }
  Read read(std::size_t limit) override;
  Result<std::size_t> write(std::string_view bytes, schema::Channel channel) override;
  void end_of_input() override;
  void resize(std::int64_t columns, std::int64_t rows) override { control_->resize(columns, rows); }
  void signal(const std::string& name) override { control_->signal(name); }
  void finish(Done done) override;
  void abandon() override;

 private:
  void abandon_unless_over();

  const bool has_input_;
  const std::shared_ptr<ExecControl> control_;
  bool is_over_ = false;  // it was ended, or its end is awaited
};

// An archive for the engine to unpack, in chunks: how long it is nobody knows. The stream ends with
// what the engine says of it.
class UploadEndpoint final : public host::Endpoint {
 public:
  // Owns `fd`. `what` is the operation, for errors.
  UploadEndpoint(int fd, std::string what, Chores& chores)
      : fd_(fd), what_(std::move(what)), chores_(chores) {}
  ~UploadEndpoint() override;
  UploadEndpoint(const UploadEndpoint&) = delete;
  UploadEndpoint& operator=(const UploadEndpoint&) = delete;

  int read_fd() const override { return fd_; }
  int write_fd() const override { return fd_; }
  Read read(std::size_t limit) override;
  Result<std::size_t> write(std::string_view bytes, schema::Channel channel) override;
  void end_of_input() override;

 private:
  Result<bool> flush();

  const int fd_;
  const std::string what_;
  Chores& chores_;
  std::string answer_;
  std::string chunk_;  // being sent
  std::size_t chunk_sent_ = 0;
  std::size_t chunk_data_ = 0;  // how much of the stream it holds
};

// What is known already.
class BufferEndpoint final : public host::Endpoint {
 public:
  explicit BufferEndpoint(std::string bytes);
  ~BufferEndpoint() override;
  BufferEndpoint(const BufferEndpoint&) = delete;
  BufferEndpoint& operator=(const BufferEndpoint&) = delete;

  int read_fd() const override { return fd_; }
  int write_fd() const override { return -1; }
  Read read(std::size_t limit) override;
  Result<std::size_t> write(std::string_view bytes, schema::Channel channel) override;

 private:
  const int fd_;  // can always be read
  const std::string bytes_;
  std::size_t sent_ = 0;
};

}  // namespace cara::docker
