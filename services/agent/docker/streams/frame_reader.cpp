#include "services/agent/docker/streams/frame_reader.h"

#include <algorithm>
#include <array>

namespace cara::docker {

namespace {

constexpr std::size_t kHeaderBytes = 8;
// A part of a long line, 16 KiB, behind its time and a space.
constexpr std::size_t kCutFrame =
    16 * 1024 + std::string_view("2006-01-02T15:04:05.000000000Z ").size();
constexpr unsigned char kStderr = 2;
constexpr unsigned char kEngineError = 3;  // what went wrong in the engine, meanwhile

}  // namespace

Result<FrameReader::Piece> FrameReader::read(std::string_view shown, std::size_t limit) {
  Piece piece;
  while (piece.consumed < shown.size() && piece.data.size() < limit) {
    const std::string_view rest = shown.substr(piece.consumed);
    if (owes_newline_) {
      owes_newline_ = false;
      piece.channel = channel_;
      piece.data += '\n';
      continue;
    }
    if (in_frame_ == 0) {
      const std::size_t part = std::min(kHeaderBytes - header_.size(), rest.size());
      header_ += rest.substr(0, part);
      piece.consumed += part;
      if (header_.size() < kHeaderBytes) break;
      // Byte 0: which stream; 1 to 3: zero; 4 to 7: the frame's length, big endian.
      std::array<unsigned char, kHeaderBytes> header{};
      std::copy(header_.begin(), header_.end(), header.begin());
      header_.clear();
      if (header[0] > kEngineError || header[1] != 0 || header[2] != 0 || header[3] != 0) {
        return internal(
            "the Docker engine sent something that is no frame of a container's output");
      }
      for (std::size_t i = 4; i < kHeaderBytes; ++i) in_frame_ = (in_frame_ << 8) | header[i];
      frame_ = in_frame_;
      channel_ = header[0] >= kStderr ? schema::Channel::kStderr : schema::Channel::kStdout;
      continue;
    }
    if (!piece.data.empty() && channel_ != piece.channel) break;
    const std::size_t part = std::min({in_frame_, rest.size(), limit - piece.data.size()});
    piece.channel = channel_;
    piece.data += rest.substr(0, part);
    piece.consumed += part;
    in_frame_ -= part;
    const bool is_entry = of_ == Of::kLogs && in_frame_ == 0 && frame_ != kCutFrame;
    owes_newline_ = is_entry && piece.data.back() != '\n';
  }
  return piece;
}

}  // namespace cara::docker
