#include "services/runtime/latency.h"

#include <algorithm>
#include <bit>

namespace cara::runtime {

// Below kSplit every microsecond has a bucket; from there on each power of two has kSplit.
std::size_t Latency::bucket_of(std::uint64_t us) {
  us = std::min(us, (std::uint64_t{1} << kMaxExponent) - 1);
  if (us < kSplit) return static_cast<std::size_t>(us);
  const auto exponent = static_cast<unsigned>(std::bit_width(us)) - 1;
  const std::uint64_t step = us >> (exponent - kSplitBits);  // kSplit to 2 * kSplit - 1
  return kSplit * (exponent - kSplitBits) + static_cast<std::size_t>(step);
}

std::uint64_t Latency::end_of(std::size_t bucket) {
  if (bucket < kSplit) return bucket + 1;
  const std::size_t power = bucket / kSplit - 1;
  return (bucket % kSplit + kSplit + 1) << power;
}

void Latency::add(Duration took) {
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(0, took.count()));
  ++buckets_[bucket_of(us)];
  ++count_;
  sum_us_ += us;
}

Duration Latency::quantile(double share) const {
  std::uint64_t all = 0;
  for (const std::uint32_t some : buckets_) all += some;
  if (all == 0) return Duration(0);
  const double wanted = std::clamp(share, 0.0, 1.0) * static_cast<double>(all);
  std::uint64_t seen = 0;
  std::size_t last = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    if (buckets_[i] == 0) continue;
    seen += buckets_[i];
    last = i;
    if (static_cast<double>(seen) >= wanted) break;
  }
  return Duration(static_cast<std::int64_t>(end_of(last)));
}

std::uint64_t Latency::below(unsigned exponent) const {
  const std::uint64_t limit = std::uint64_t{1} << exponent;
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < kBuckets && end_of(i) <= limit; ++i) found += buckets_[i];
  return found;
}

}  // namespace cara::runtime
