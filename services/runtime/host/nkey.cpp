#include "services/runtime/host/nkey.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <cstdint>
#include <memory>

namespace cara::host {
namespace {

using Key = std::array<std::uint8_t, 32>;

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::uint8_t kSeedPrefix = 18 << 3;  // `S`
constexpr std::uint8_t kUserPrefix = 20 << 3;  // `U`

// CRC-16/XMODEM.
std::uint16_t checksum(std::string_view bytes) {
  unsigned crc = 0;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned>(static_cast<std::uint8_t>(byte)) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc & 0x8000U) != 0 ? 0x1021U : 0U);
    crc &= 0xffffU;
  }
  return static_cast<std::uint16_t>(crc);
}

// Base32 without padding, behind it a checksum.
std::string encode(std::string bytes) {
  const std::uint16_t crc = checksum(bytes);
  bytes += static_cast<char>(crc & 0xff);
  bytes += static_cast<char>(crc >> 8);
  std::string text;
  unsigned buffer = 0;
  int bits = 0;
  for (const char byte : bytes) {
    buffer = (buffer << 8) | static_cast<std::uint8_t>(byte);
    for (bits += 8; bits >= 5; bits -= 5) text += kAlphabet[(buffer >> (bits - 5)) & 31];
  }
  if (bits > 0) text += kAlphabet[(buffer << (5 - bits)) & 31];
  return text;
}

// Empty: it is none, or its checksum is wrong.
std::string decode(std::string_view text) {
  std::string bytes;
  unsigned buffer = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return "";
    buffer = (buffer << 5) | static_cast<unsigned>(value);
    bits += 5;
    if (bits < 8) continue;
    bytes += static_cast<char>((buffer >> (bits - 8)) & 0xff);
    bits -= 8;
  }
  const bool padded_with_zeros = (buffer & ((1U << bits) - 1)) == 0;
  if (bytes.size() < 3 || !padded_with_zeros) return "";
  const auto low = static_cast<std::uint8_t>(bytes[bytes.size() - 2]);
  const auto high = static_cast<std::uint8_t>(bytes.back());
  bytes.resize(bytes.size() - 2);
  return checksum(bytes) == (low | (high << 8)) ? bytes : "";
}

std::string prefixed_seed(const Key& key) {
  std::string bytes{static_cast<char>(kSeedPrefix | (kUserPrefix >> 5)),
                    static_cast<char>((kUserPrefix & 31) << 3)};
  bytes.append(reinterpret_cast<const char*>(key.data()), key.size());
  return bytes;
}

}  // namespace

Result<std::string> public_nkey(std::string_view seed) {
  const std::string bytes = decode(seed);
  const std::string prefix = prefixed_seed({}).substr(0, 2);
  if (bytes.size() != prefix.size() + Key{}.size() || !bytes.starts_with(prefix)) {
    return invalid("it holds no NKey seed of a user, which begins with SU");
  }
  const auto* raw = reinterpret_cast<const unsigned char*>(bytes.data() + prefix.size());
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pair(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw, Key{}.size()), EVP_PKEY_free);
  Key key{};
  std::size_t size = key.size();
  if (!pair || EVP_PKEY_get_raw_public_key(pair.get(), key.data(), &size) != 1) {
    return internal("the public half of an NKey cannot be made");
  }
  std::string half(1, static_cast<char>(kUserPrefix));
  return encode(half.append(reinterpret_cast<const char*>(key.data()), key.size()));
}

Result<std::string> new_nkey_seed() {
  Key key{};
  if (RAND_priv_bytes(key.data(), static_cast<int>(key.size())) != 1) {
    return internal("the system has no random numbers");
  }
  return encode(prefixed_seed(key));
}

}  // namespace cara::host
