// Pressure: a node that runs short of disk space or memory gets no new projects. It ends later than
// it begins, so that a figure that swings around the limit is not news each time. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schema/messages.h"
#include "schema/result.h"

namespace cara::agent {

// What must be free: bytes, or a part of the whole. None of both: nothing needs to be.
struct LeastFree {
  std::int64_t bytes = 0;
  std::int64_t percent = 0;
  bool operator==(const LeastFree&) const = default;
};
// `10%` (at most 90%), `100Mi`, `0`.
Result<LeastFree> parse_least_free(std::string_view text);

class PressureGauge {
 public:
  // `type` is the condition's: DiskPressure, MemoryPressure.
  PressureGauge(std::string type, LeastFree least)
      : type_(std::move(type)), least_(std::move(least)) {}

  // Bytes. Begins below what must be free; is over when there is a fifth more than that, and when
  // nothing is known. True: it has begun or is over.
  bool read(std::optional<std::int64_t> free, std::int64_t total);
  bool is_high() const { return high_; }
  // `3.1Gi of 80Gi free (3%); the pressure is over at 9.6Gi`
  schema::NodeTrouble trouble() const;

 private:
  std::string type_;
  LeastFree least_;
  bool high_ = false;
  std::int64_t free_ = 0;
  std::int64_t total_ = 0;
  std::int64_t over_at_ = 0;
};

}  // namespace cara::agent
