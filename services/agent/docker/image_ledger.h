// What the agent has pulled: only that may it remove again. Survives restarts as a text of a line
// per image; lines that make no sense are left out, and their images then stay for ever.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cara::docker {

// The reference of an image whose own one has gone over to a newer image.
inline constexpr const char* kNoReference = "-";

struct PulledImage {
  std::string reference;  // as full_reference() spells it
  std::string id;
  std::int64_t last_used_ms = 0;  // Unix time
  bool operator==(const PulledImage&) const = default;
};

std::string write_images(const std::vector<PulledImage>& images);
std::vector<PulledImage> read_images(std::string_view text);

struct ImageUse {
  std::set<std::string> ids;         // of containers on the engine, ours or not
  std::set<std::string> references;  // full ones, that projects name
};
// Notes at the used ones that they are used now, and returns those that have not been used for
// `max_age_ms`, the oldest first.
std::vector<PulledImage> unused_images(std::vector<PulledImage>& images, const ImageUse& use,
                                       std::int64_t now_ms, std::int64_t max_age_ms);

// Any thread.
class ImageLedger {
 public:
  static constexpr std::size_t kMaxImages = 4'096;  // more are not remembered

  // `text` is what `save` was given last; it is called with every change, under the lock.
  ImageLedger(std::string_view text, std::function<void(const std::string&)> save);

  // A pull has ended. `before` is the id that the reference had before it; empty: none. An image
  // that was there without us is not ours.
  void pulled(const std::string& reference, const std::string& before, const std::string& id,
              std::int64_t now_ms);
  void used(const std::string& reference, std::int64_t now_ms);
  std::vector<PulledImage> unused(const ImageUse& use, std::int64_t now_ms,
                                  std::int64_t max_age_ms);
  void forget(const PulledImage& image);

 private:
  PulledImage* find(const std::string& reference, const std::string& id);
  void save();

  std::mutex mutex_;
  std::vector<PulledImage> images_;  // under mutex_
  std::function<void(const std::string&)> save_;
};

}  // namespace cara::docker
