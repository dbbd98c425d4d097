#include "services/agent/docker/log_frames.h"

#include <algorithm>
#include <utility>

namespace cara::docker {

namespace {

// Byte 0: which stream; 1 to 3: zero; 4 to 7: the frame's length, big endian.
bool is_frame_header(std::string_view header) {
  return header[0] >= 0 && header[0] <= 3 && header[1] == 0 && header[2] == 0 && header[3] == 0;
}

std::size_t frame_length(std::string_view header) {
  std::size_t length = 0;
  for (std::size_t i = 4; i < 8; ++i) {
    length = (length << 8) | static_cast<unsigned char>(header[i]);
  }
  return length;
}

}  // namespace

void LogTail::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (mode_ == Mode::kRaw) {
      keep(bytes);
      return;
    }
    if (in_frame_ > 0) {
      const auto part = std::min(in_frame_, bytes.size());
      keep(bytes.substr(0, part));
      in_frame_ -= part;
      bytes.remove_prefix(part);
      continue;
    }
    const auto part = std::min(kHeaderBytes - header_.size(), bytes.size());
    header_ += bytes.substr(0, part);
    bytes.remove_prefix(part);
    if (header_.size() < kHeaderBytes) return;
    const std::string header = std::exchange(header_, {});
    if (is_frame_header(header)) {
      mode_ = Mode::kFrames;
      in_frame_ = frame_length(header);
    } else {
      mode_ = Mode::kRaw;
      keep(header);
    }
  }
}

std::string LogTail::take() {
  if (mode_ == Mode::kUnknown) keep(header_);
  header_.clear();
  if (tail_.size() > limit_) tail_.erase(0, tail_.size() - limit_);
  return std::move(tail_);
}

void LogTail::keep(std::string_view text) {
  if (text.size() > limit_) text.remove_prefix(text.size() - limit_);
  tail_ += text;
  // Trimmed now and then, so that a long log costs no quadratic copying.
  if (tail_.size() > 2 * limit_) tail_.erase(0, tail_.size() - limit_);
}

}  // namespace cara::docker
