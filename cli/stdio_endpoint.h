// StdioEndpoint: standard input, output and error of this process as one side of a stream.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "services/runtime/host/stream_endpoint.h"

namespace cara::cli {

class StdioEndpoint final : public host::Endpoint {
 public:
  // What the command's thread may want to know.
  struct State {
    std::atomic<bool> opened = false;
    std::atomic<bool> reader_gone = false;  // of our output: there is nothing to say about it
  };

  // The files stay the caller's. `input`: the first is read, and its end is passed on.
  StdioEndpoint(std::array<int, 3> files, bool input, std::shared_ptr<State> state);
  ~StdioEndpoint() override;
  StdioEndpoint(const StdioEndpoint&) = delete;
  StdioEndpoint& operator=(const StdioEndpoint&) = delete;

  int read_fd() const override { return input_; }
  Read read(std::size_t limit) override;
  // The one that took nothing last.
  int write_fd() const override { return blocked_; }
  Result<std::size_t> write(std::string_view bytes, schema::Channel channel) override;
  void opened(const std::string& container) override;

 private:
  // A file that others share must stay blocking; a description of its own is not theirs.
  struct Output {
    int file = -1;
    int own = -1;            // non-blocking; -1: there is none
    bool takes_all = false;  // at once, as a file on a disk
  };
  static Output open_output(int file);

  int input_;
  std::array<Output, 2> outputs_;
  const std::shared_ptr<State> state_;
  int blocked_ = -1;
};

}  // namespace cara::cli
