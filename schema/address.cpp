#include "schema/address.h"

#include <charconv>
#include <optional>

#include "schema/formats.h"

namespace cara::schema {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  unsigned port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  if (text.empty() || error != std::errc() || stop != end || port < 1 || port > 65535) return {};
  return static_cast<std::uint16_t>(port);
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
  const std::string shown = printable(text);
  const auto colon = text.rfind(':');
  const std::string_view name = text.substr(0, colon == std::string_view::npos ? 0 : colon);
  if (name.empty() || name == "*") {
    return invalid(shown +
                   ": expected ADDRESS:PORT, like 10.0.0.7:80 or [fd00::7]:80; all addresses of "
                   "the machine are 0.0.0.0:80 and [::]:80");
  }
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return invalid(shown + ": the port must be 1 to 65535");
  const bool brackets = name.starts_with('[') && name.ends_with(']') && name.size() > 2;
  const std::string ip(brackets ? name.substr(1, name.size() - 2) : name);
  const bool is_ipv4 = !check_format(Format::kIpv4, ip);
  if (brackets == is_ipv4 || check_format(Format::kIp, ip)) {
    return invalid(shown + ": expected an IPv4 address, or an IPv6 address in brackets");
  }
  return Address{ip, *port, brackets};
}

std::string to_string(const Address& address) {
  const std::string port = ":" + std::to_string(address.port);
  return address.is_ipv6 ? "[" + address.ip + "]" + port : address.ip + port;
}

}  // namespace cara::schema
