// Addresses with a port, as flags and routes write them: `10.0.0.7:80`, `[fd00::7]:80`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace cara::schema {

struct Address {
  std::string ip;  // without brackets
  std::uint16_t port = 0;
  bool is_ipv6 = false;
  bool operator==(const Address&) const = default;
};

// Numbers only: a name would be resolved once, at a time nobody chose. All addresses are spelled
// out: `0.0.0.0:80`, `[::]:80`.
Result<Address> parse_address(std::string_view text);
std::string to_string(const Address& address);

}  // namespace cara::schema
