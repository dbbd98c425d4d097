// FrameReader: what a container wrote, out of the frames in which Docker sends both of its streams
// over one connection. Pure.
// https://docs.docker.com/reference/api/engine/version/v1.41/, ContainerAttach, "Stream format"
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "schema/result.h"
#include "schema/streams.h"

namespace cara::docker {

class FrameReader {
 public:
  // Of logs, a frame is an entry. The last one of a container may have no newline, and gets one,
  // since the next start may go on behind it; but the parts into which Docker cuts long lines stay
  // together. Of everything else, frames are bytes.
  enum class Of { kBytes, kLogs };
  explicit FrameReader(Of of = Of::kBytes) : of_(of) {}

  struct Piece {
    std::size_t consumed = 0;  // of what it was shown
    std::string data = {};     // all of one channel
    schema::Channel channel = schema::Channel::kStdout;
  };
  // At most `limit` bytes of data; what it did not consume is to be shown again, with more behind
  // it. An error: these are no frames.
  Result<Piece> read(std::string_view shown, std::size_t limit);
  // Between two frames: the stream may end here.
  bool is_at_end() const { return header_.empty() && in_frame_ == 0; }

 private:
  const Of of_;
  std::string header_;        // the part of a frame's header that has come
  std::size_t in_frame_ = 0;  // bytes of the frame that are still to come
  std::size_t frame_ = 0;     // its length
  bool owes_newline_ = false;
  schema::Channel channel_ = schema::Channel::kStdout;
};

}  // namespace cara::docker
