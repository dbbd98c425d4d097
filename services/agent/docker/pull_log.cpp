#include "services/agent/docker/pull_log.h"

#include <algorithm>
#include <utility>

#include "services/agent/docker/docker_json.h"

namespace cara::docker {

namespace {

std::string megabytes(std::int64_t bytes) {
  const std::int64_t tenths = (bytes + 50'000) / 100'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MB";
}

}  // namespace

void PullLog::feed(std::string_view bytes) {
  for (const char c : bytes) {
    if (c == '\n') {
      end_line();
    } else if (line_.size() < kMaxLine) {
      line_.push_back(c);
    }
  }
}

std::string PullLog::take_error() {
  end_line();
  return std::move(error_);
}

void PullLog::end_line() {
  if (line_.empty()) return;
  const PullLine line = read_pull_line(line_);
  line_.clear();
  if (error_.empty()) error_ = line.error;
  // Of the line `Pulling from NAME` the id is the tag.
  if (line.id.empty() || line.status.empty() || line.status.starts_with("Pulling from")) return;
  if (layers_.size() >= kMaxLayers && !layers_.contains(line.id)) return;
  Layer& layer = layers_[line.id];
  layer.done = line.status == "Pull complete" || line.status == "Already exists";
  if (line.total > 0) layer.size = line.total;
  // What comes after the download counts bytes again, from 0.
  layer.have = line.status == "Downloading"                                    ? line.current
               : line.status == "Pulling fs layer" || line.status == "Waiting" ? 0
                                                                               : layer.size;
  layer.have = std::clamp<std::int64_t>(layer.have, 0, layer.size);
}

std::string PullLog::progress() const {
  if (layers_.empty()) return "";
  std::int64_t have = 0;
  std::int64_t size = 0;
  for (const auto& [id, layer] : layers_) {
    have += layer.have;
    size += layer.size;
  }
  const auto done = std::count_if(layers_.begin(), layers_.end(),
                                  [](const auto& each) { return each.second.done; });
  return std::to_string(done) + " of " + std::to_string(layers_.size()) + " layers, " +
         megabytes(have) + " of " + megabytes(size);
}

}  // namespace cara::docker
