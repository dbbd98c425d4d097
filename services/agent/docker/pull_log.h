// PullLog: reads the stream of a pull: how far its layers are, and the first error of any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace cara::docker {

class PullLog {
 public:
  // Pieces of the stream, which are no lines.
  void feed(std::string_view bytes);
  // After the last piece. The engine's words; empty: no error.
  std::string take_error();
  // `3 of 7 layers, 12.3 MB of 45.0 MB`; bytes of the layers whose size is known yet. Empty: the
  // stream has named no layer.
  std::string progress() const;

 private:
  static constexpr std::size_t kMaxLine = 64 * 1024;
  static constexpr std::size_t kMaxLayers = 1'024;

  struct Layer {
    bool done = false;
    std::int64_t have = 0;  // bytes as they travel
    std::int64_t size = 0;  // 0: not known
  };
  void end_line();

  std::string line_;
  std::string error_;
  std::map<std::string, Layer> layers_;  // by their short ids
};

}  // namespace cara::docker
