// Latency: how long things took, in bounded memory. A count per bucket; eight buckets per power of
// two, so that a quantile is at most an eighth off.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "services/runtime/actor.h"

namespace cara::runtime {

class Latency {
 public:
  void add(Duration took);

  std::uint64_t count() const { return count_; }
  Duration sum() const { return Duration(static_cast<std::int64_t>(sum_us_)); }
  // The upper end of the bucket in which the share `share` (0 to 1) of all ends; 0: none yet.
  Duration quantile(double share) const;
  // How many took less than 2^exponent microseconds.
  std::uint64_t below(unsigned exponent) const;

  static constexpr unsigned kMaxExponent = 28;  // four minutes and a half; what is longer counts so

 private:
  static constexpr unsigned kSplitBits = 3;
  static constexpr unsigned kSplit = 1u << kSplitBits;
  static constexpr std::size_t kBuckets = kSplit * (kMaxExponent - kSplitBits + 1);
  static std::size_t bucket_of(std::uint64_t us);
  static std::uint64_t end_of(std::size_t bucket);  // the first value that is not in it

  std::array<std::uint32_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_us_ = 0;
};

}  // namespace cara::runtime
