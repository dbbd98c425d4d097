// DesiredCache: the last complete desired set as it is kept on disk, so that a node that starts
// without its control plane knows what it had. It holds what specs hold, secrets in env included.
//
// CacheKeeper writes it by asking `local.state`: ring 2 does no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "services/agent/desired_pull.h"
#include "services/runtime/actor.h"
#include "services/runtime/ids.h"

namespace cara::agent {

struct DesiredCache {
  std::string node;
  std::string cluster;
  std::int64_t registration = 0;  // that it was read by; for people
  DesiredSet projects;
};

inline constexpr const char* kStateSubject = "local.state";  // Request: the file, verbatim
inline constexpr const char* kDesiredCacheFile = "desired";  // in the state directory
inline constexpr std::size_t kMaxCacheBytes = 64 * 1024 * 1024;

// One msgpack map: format, a hash over the rest, and the set.
std::string encode(const DesiredCache& cache);
// kInvalid: damaged, of another format, or another node's.
Result<DesiredCache> decode_cache(std::string_view bytes, const std::string& node);

class CacheKeeper {
 public:
  // `ids` must outlive it. `known`: what is on disk now.
  CacheKeeper(const std::optional<DesiredCache>& known, runtime::RequestIds& ids);

  // Writes it if it differs from what is on disk. What comes while a write is under way is written
  // after it; a write that failed is tried again with the next set.
  void keep(const DesiredCache& cache, runtime::Effects& out);
  // True: it was the end of a write.
  bool handle(const runtime::Event& event, runtime::Effects& out);

 private:
  void write(std::string bytes, runtime::Effects& out);
  void complain(const std::string& why, runtime::Effects& out);

  runtime::RequestIds& ids_;
  std::string kept_;  // hash of what is on disk
  std::string writing_hash_;
  std::optional<runtime::RequestId> writing_;
  std::optional<std::string> next_;
  std::string complaint_;
};

}  // namespace cara::agent
