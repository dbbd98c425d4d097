#include "services/agent/docker/image_ledger.h"

#include <algorithm>
#include <sstream>
#include <utility>

namespace cara::docker {

std::string write_images(const std::vector<PulledImage>& images) {
  std::string text;
  for (const PulledImage& image : images) {
    text += std::to_string(image.last_used_ms) + " " + image.id + " " + image.reference + "\n";
  }
  return text;
}

std::vector<PulledImage> read_images(std::string_view text) {
  std::vector<PulledImage> images;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    PulledImage image;
    std::string more;
    if (words >> image.last_used_ms >> image.id >> image.reference && !(words >> more)) {
      images.push_back(std::move(image));
    }
  }
  return images;
}

std::vector<PulledImage> unused_images(std::vector<PulledImage>& images, const ImageUse& use,
                                       std::int64_t now_ms, std::int64_t max_age_ms) {
  std::vector<PulledImage> unused;
  for (PulledImage& image : images) {
    if (use.ids.contains(image.id) || use.references.contains(image.reference)) {
      image.last_used_ms = now_ms;
    } else if (image.last_used_ms <= now_ms - max_age_ms) {
      unused.push_back(image);
    }
  }
  std::stable_sort(unused.begin(), unused.end(), [](const PulledImage& a, const PulledImage& b) {
    return a.last_used_ms < b.last_used_ms;
  });
  return unused;
}

ImageLedger::ImageLedger(std::string_view text, std::function<void(const std::string&)> save)
    : images_(read_images(text)), save_(std::move(save)) {}

void ImageLedger::pulled(const std::string& reference, const std::string& before,
                         const std::string& id, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (PulledImage* known = find(reference, id)) {
    known->last_used_ms = now_ms;
  } else {
    // Somebody else's tag that our pull has moved on stays theirs.
    PulledImage* older = before == id ? nullptr : find(reference, before);
    if ((!before.empty() && older == nullptr) || images_.size() >= kMaxImages) return;
    if (older != nullptr) older->reference = kNoReference;
    images_.push_back({reference, id, now_ms});
  }
  save();
}

void ImageLedger::used(const std::string& reference, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  bool changed = false;
  for (PulledImage& image : images_) {
    if (image.reference != reference) continue;
    image.last_used_ms = now_ms;
    changed = true;
  }
  if (changed) save();
}

std::vector<PulledImage> ImageLedger::unused(const ImageUse& use, std::int64_t now_ms,
                                             std::int64_t max_age_ms) {
  const std::lock_guard lock(mutex_);
  auto unused = unused_images(images_, use, now_ms, max_age_ms);
  save();
  return unused;
}

void ImageLedger::forget(const PulledImage& image) {
  const std::lock_guard lock(mutex_);
  std::erase_if(images_, [&](const PulledImage& each) {
    return each.reference == image.reference && each.id == image.id;
  });
  save();
}

PulledImage* ImageLedger::find(const std::string& reference, const std::string& id) {
  const auto found = std::find_if(images_.begin(), images_.end(), [&](const PulledImage& image) {
    return image.reference == reference && image.id == id;
  });
  return found == images_.end() ? nullptr : &*found;
}

void ImageLedger::save() {
  if (save_) save_(write_images(images_));
}

}  // namespace cara::docker
