// The body of `GET /containers/ID/logs`: frames of both streams (a container without a terminal)
// or raw bytes (with one).
// https://docs.docker.com/reference/api/engine/version/v1.41/, ContainerAttach, "Stream format"
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cara::docker {

// Takes the body piece by piece and keeps the last `limit` bytes of what the container wrote.
class LogTail {
 public:
  explicit LogTail(std::size_t limit) : limit_(limit) {}

  void feed(std::string_view bytes);
  // What arrived of an unfinished header is text too: a raw stream may be that short.
  std::string take();

 private:
  static constexpr std::size_t kHeaderBytes = 8;
  enum class Mode { kUnknown, kFrames, kRaw };

  void keep(std::string_view text);

  std::size_t limit_;
  Mode mode_ = Mode::kUnknown;
  std::string header_;        // the part of a frame's header that has arrived
  std::size_t in_frame_ = 0;  // bytes of the current frame still to come
  std::string tail_;
};

}  // namespace cara::docker
