#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "services/agent/docker/machine.h"
#include "tests/catch_compat.h"

using namespace cara::docker;

namespace {

// A machine's files, below a folder of their own.
class Files {
 public:
  Files()
      : root_(std::filesystem::temp_directory_path() / ("machine-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(root_);
  }
  ~Files() { std::filesystem::remove_all(root_); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path file(root_.string() + path);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  std::string root() const { return root_.string(); }

 private:
  std::filesystem::path root_;
};

constexpr const char* kId = "0123456789abcdef0123456789abcdef";

}  // namespace

TEST_CASE("a machine's id is systemd's, or D-Bus's, or not known") {
  const Files files;
  CHECK(machine_id(files.root()).empty());
  files.write("/var/lib/dbus/machine-id", std::string(kId) + "\n");
  CHECK(machine_id(files.root()) == kId);
  files.write("/etc/machine-id", "uninitialized\n");
  CHECK(machine_id(files.root()) == kId);
  files.write("/etc/machine-id", "ffffffffffffffffffffffffffffffff\n");
  CHECK(machine_id(files.root()) == "ffffffffffffffffffffffffffffffff");
}

TEST_CASE("the number of processes is the least of what limits it") {
  const Files files;
  CHECK(pids_limit(files.root()) == 32'768);
  files.write("/proc/sys/kernel/pid_max", "4194304\n");
  files.write("/proc/sys/kernel/threads-max", "127000\n");
  files.write("/sys/fs/cgroup/pids.max", "max\n");
  CHECK(pids_limit(files.root()) == 127'000);
  files.write("/sys/fs/cgroup/pids.max", "9000\n");
  CHECK(pids_limit(files.root()) == 9'000);
}

TEST_CASE("GPUs are counted by their device files") {
  const Files files;
  CHECK(count_gpus(files.root()) == 0);
  for (const char* name : {"nvidia0", "nvidia1", "nvidia10", "nvidiactl", "nvidia-uvm", "nvidia"}) {
    files.write(std::string("/dev/") + name, "");
  }
  CHECK(count_gpus(files.root()) == 3);
}

TEST_CASE("free memory is what the kernel calls available") {
  const Files files;
  CHECK_FALSE(free_memory(files.root()));
  files.write("/proc/meminfo",
              "MemTotal:       8000 kB\nHugePages_Total:       0\nMemAvailable:    3000 kB\n");
  CHECK(free_memory(files.root()) == 3000 * 1024);
}

TEST_CASE("this machine tells its figures") {
  CHECK_FALSE(boot_id().empty());
  CHECK(free_memory().value_or(0) > 0);
  const auto space = disk_space("/");
  REQUIRE(space);
  CHECK(space->bytes > 0);
  CHECK(space->free_bytes <= space->bytes);
  CHECK_FALSE(disk_space("/no/such/folder"));
  CHECK_FALSE(disk_space(""));
}

TEST_CASE("addresses of loopback, of Docker and of projects' networks are nobody's way here") {
  const auto picked = pick_addresses({{"lo", "127.0.0.1"},
                                      {"lo", "::1"},
                                      {"docker0", "172.17.0.1"},
                                      {"br-0a1b2c", "192.168.9.1"},
                                      {"veth12", "192.168.9.2"},
                                      {"br0", "192.168.1.5"},
                                      {"eth1", "10.200.3.1"},
                                      {"eth0", "fe80::1"},
                                      {"eth0", "2001:db8::7"},
                                      {"eth0", "10.0.0.7"},
                                      {"eth0", "10.0.0.7"},
                                      {"eth0", "169.254.3.4"}},
                                     SubnetPool{});
  CHECK(picked == std::vector<std::string>{"10.0.0.7", "192.168.1.5", "2001:db8::7"});
}

TEST_CASE("a machine with many addresses tells some") {
  std::vector<InterfaceAddress> all;
  for (int i = 0; i < 100; ++i) all.push_back({"eth0", "10.0.1." + std::to_string(i)});
  CHECK(pick_addresses(all, SubnetPool{}).size() == kMaxAddresses);
}

TEST_CASE("an engine over TCP may be elsewhere: nothing is known of its disk") {
  const auto near = read_machine(*parse_endpoint("unix:///run/docker.sock"), "/", SubnetPool{});
  CHECK(near.disk_bytes > 0);
  CHECK(near.disk_free_bytes);
  CHECK(near.memory_free_bytes);
  const auto far = read_machine(*parse_endpoint("tcp://192.0.2.1:2375"), "/", SubnetPool{});
  CHECK(far.disk_bytes == 0);
  CHECK_FALSE(far.disk_free_bytes);
  CHECK_FALSE(far.memory_free_bytes);
}
