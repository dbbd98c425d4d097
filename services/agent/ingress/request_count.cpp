#include "services/agent/ingress/request_count.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <set>
#include <sstream>
#include <system_error>

#include "services/agent/ingress/config_text.h"
#include "services/agent/ingress/files.h"

namespace cara::haproxy {
namespace {

constexpr std::string_view kEstablished = "01";

std::set<std::string> sockets_of(const std::string& process) {
  std::set<std::string> inodes;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(process + "/fd", error)) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    constexpr std::string_view kSocket = "socket:[";  // socket:[4711]
    if (target.starts_with(kSocket)) {
      inodes.insert(target.substr(kSocket.size(), target.size() - kSocket.size() - 1));
    }
  }
  return inodes;
}

// `0100007F:1F90` of /proc/net/tcp: words of the machine's byte order, and a port.
std::string read_address(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon % 8 != 0 || colon > 32) return {};
  std::array<std::uint32_t, 4> words{};
  for (std::size_t i = 0; i < colon / 8; ++i) {
    std::from_chars(text.data() + i * 8, text.data() + i * 8 + 8, words[i], 16);
  }
  unsigned port = 0;
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), port, 16);
  std::array<char, INET6_ADDRSTRLEN> ip{};
  const bool is_ipv6 = colon == 32;
  inet_ntop(is_ipv6 ? AF_INET6 : AF_INET, words.data(), ip.data(), ip.size());
  return schema::to_string(schema::Address{ip.data(), static_cast<std::uint16_t>(port), is_ipv6});
}

void add_connections(const std::string& table, const std::set<std::string>& inodes,
                     RequestCount& count) {
  std::istringstream lines(read_file(table));
  std::string line;
  while (std::getline(lines, line)) {
    // sl local remote state queues timer retransmits uid timeout inode ...
    std::istringstream words(line);
    std::array<std::string, 10> word;
    for (std::string& one : word) words >> one;
    if (word[3] == kEstablished && inodes.contains(word[9])) ++count[read_address(word[2])];
  }
}

}  // namespace

std::string count_command() {
  return std::string("show table ") + kRequestTable + " data.conn_cur gt 0\n";
}

// 0x7f2c9c0: key=10.200.0.2:80 use=1 exp=59000 shard=0 conn_cur=1
RequestCount parse_count(std::string_view answer) {
  RequestCount count;
  std::istringstream lines{std::string(answer)};
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string word;
    std::string address;
    while (words >> word) {
      constexpr std::string_view kKey = "key=";
      constexpr std::string_view kNow = "conn_cur=";
      if (word.starts_with(kKey)) address = word.substr(kKey.size());
      if (!word.starts_with(kNow)) continue;
      std::int64_t number = 0;
      std::from_chars(word.data() + kNow.size(), word.data() + word.size(), number);
      count[address] += number;
    }
  }
  return count;
}

RequestCount connections_of(int pid) {
  const std::string process = "/proc/" + std::to_string(pid);
  const std::set<std::string> inodes = sockets_of(process);
  RequestCount count;
  add_connections(process + "/net/tcp", inodes, count);
  add_connections(process + "/net/tcp6", inodes, count);
  return count;
}

}  // namespace cara::haproxy
