#include "services/agent/docker/machine.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>
#include <system_error>

namespace cara::docker {
namespace {

constexpr std::int64_t kDefaultPids = 32'768;  // the kernel's own

std::string first_word(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

std::optional<std::int64_t> read_number(const std::string& path) {
  const std::string word = first_word(path);
  std::int64_t number = 0;
  const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
  if (read.ec != std::errc() || read.ptr != word.data() + word.size()) return std::nullopt;
  return number;
}

bool is_hex(const std::string& text, std::size_t size) {
  return text.size() == size && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool is_of_docker(const std::string& interface) {
  return interface.starts_with("docker") || interface.starts_with("br-") ||
         interface.starts_with("veth");
}

bool is_local_only(const std::string& address) {
  return address.starts_with("127.") || address.starts_with("169.254.") || address == "::1" ||
         address.starts_with("fe80:");
}

}  // namespace

std::string machine_id(const std::string& root) {
  constexpr std::size_t kDigits = 32;
  for (const char* path : {"/etc/machine-id", "/var/lib/dbus/machine-id"}) {
    const std::string id = first_word(root + path);
    if (is_hex(id, kDigits)) return id;
  }
  return "";
}

std::string boot_id(const std::string& root) {
  return first_word(root + "/proc/sys/kernel/random/boot_id");
}

std::int64_t pids_limit(const std::string& root) {
  std::optional<std::int64_t> least;
  for (const char* path : {"/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max",
                           "/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max"}) {
    const auto limit = read_number(root + path);
    if (limit && *limit > 0) least = std::min(least.value_or(*limit), *limit);
  }
  return least.value_or(kDefaultPids);
}

std::int64_t count_gpus(const std::string& root) {
  std::error_code error;
  std::int64_t count = 0;
  for (std::filesystem::directory_iterator file(root + "/dev", error), end; !error && file != end;
       file.increment(error)) {
    constexpr std::string_view kPrefix = "nvidia";
    const std::string name = file->path().filename();
    const bool is_one = name.starts_with(kPrefix) && name.size() > kPrefix.size() &&
                        name.find_first_not_of("0123456789", kPrefix.size()) == std::string::npos;
    if (is_one) ++count;
  }
  return count;
}

std::optional<std::int64_t> free_memory(const std::string& root) {
  constexpr std::int64_t kUnit = 1024;
  std::ifstream file(root + "/proc/meminfo");
  std::string name;
  std::string unit;
  for (std::int64_t amount = 0; file >> name >> amount;) {
    if (name == "MemAvailable:") return amount * kUnit;
    std::getline(file, unit);
  }
  return std::nullopt;
}

std::optional<DiskSpace> disk_space(const std::string& path) {
  struct statvfs facts {};
  if (path.empty() || ::statvfs(path.c_str(), &facts) != 0) return std::nullopt;
  const auto block = static_cast<std::int64_t>(facts.f_frsize);
  return DiskSpace{static_cast<std::int64_t>(facts.f_blocks) * block,
                   static_cast<std::int64_t>(facts.f_bavail) * block};
}

std::vector<std::string> pick_addresses(const std::vector<InterfaceAddress>& all,
                                        const SubnetPool& pool) {
  std::vector<std::string> picked;
  for (const auto& [interface, address] : all) {
    const auto own = parse_subnet(address + "/32");
    const bool in_pool =
        own && std::any_of(pool.ranges.begin(), pool.ranges.end(),
                           [&](const Subnet& range) { return overlap(range, *own); });
    if (!in_pool && !is_of_docker(interface) && !is_local_only(address)) picked.push_back(address);
  }
  std::sort(picked.begin(), picked.end());
  picked.erase(std::unique(picked.begin(), picked.end()), picked.end());
  if (picked.size() > kMaxAddresses) picked.resize(kMaxAddresses);
  return picked;
}

std::vector<InterfaceAddress> interface_addresses() {
  ifaddrs* raw = nullptr;
  if (::getifaddrs(&raw) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> list(raw, ::freeifaddrs);
  std::vector<InterfaceAddress> all;
  for (const ifaddrs* each = raw; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || (each->ifa_flags & IFF_UP) == 0) continue;
    const int family = each->ifa_addr->sa_family;
    const void* bytes = nullptr;
    if (family == AF_INET) {
      bytes = &reinterpret_cast<const sockaddr_in*>(each->ifa_addr)->sin_addr;
    } else if (family == AF_INET6) {
      bytes = &reinterpret_cast<const sockaddr_in6*>(each->ifa_addr)->sin6_addr;
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (bytes == nullptr || ::inet_ntop(family, bytes, text.data(), text.size()) == nullptr) {
      continue;
    }
    all.push_back({each->ifa_name, text.data()});
  }
  return all;
}

agent::Readings read_machine(const Endpoint& engine, const std::string& data_folder,
                             const SubnetPool& pool) {
  agent::Readings readings{.addresses = pick_addresses(interface_addresses(), pool)};
  if (engine.socket.empty()) return readings;
  readings.memory_free_bytes = free_memory();
  if (const auto space = disk_space(data_folder)) {
    readings.disk_bytes = space->bytes;
    readings.disk_free_bytes = space->free_bytes;
  }
  return readings;
}

}  // namespace cara::docker
