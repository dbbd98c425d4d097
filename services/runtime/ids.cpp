#include "services/runtime/ids.h"

#include <bit>

#include "schema/check.h"

namespace cara::runtime {
namespace {

// splitmix64: spreads a poor seed (1, 2, 3, ...) over all bits.
std::uint64_t mix(std::uint64_t z) {
  z += 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

void append_hex(std::string& out, std::uint64_t value) {
  for (int shift = 60; shift >= 0; shift -= 4) {
    out.push_back("0123456789abcdef"[(value >> shift) & 0xf]);
  }
}

}  // namespace

IdSource::IdSource(Seed seed) : state_{mix(seed.high), mix(mix(seed.low))} {
  if (state_[0] == 0 && state_[1] == 0) state_[0] = 1;  // the generator's only fixed point
}

std::uint64_t IdSource::bits() {
  const std::uint64_t s0 = state_[0];
  std::uint64_t s1 = state_[1];
  const std::uint64_t result = std::rotl(s0 + s1, 17) + s0;
  s1 ^= s0;
  state_[0] = std::rotl(s0, 49) ^ s1 ^ (s1 << 21);
  state_[1] = std::rotl(s1, 28);
  return result;
}

std::uint64_t IdSource::below(std::uint64_t bound) {
  CARA_CHECK(bound > 0);
  // Values under `skip` would make small results more likely than large ones.
  const std::uint64_t skip = (0 - bound) % bound;
  for (;;) {
    const std::uint64_t value = bits();
    if (value >= skip) return value % bound;
  }
}

std::string IdSource::next() {
  std::string id;
  id.reserve(32);
  append_hex(id, bits());
  append_hex(id, bits());
  return id;
}

}  // namespace cara::runtime
