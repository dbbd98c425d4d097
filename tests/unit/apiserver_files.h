// Stores in files of a folder that is gone with the test.
#pragma once

#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "services/apiserver/store/database.h"
#include "tests/unit/apiserver_world.h"

namespace cara::apiserver {

namespace fs = std::filesystem;

class TempDir {
 public:
  TempDir() {
    std::string name = (fs::temp_directory_path() / "cara-store-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TempDir() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  // False: this user may not mount.
  bool mount_small() {
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=2m,mode=700") == 0;
    return mounted_;
  }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
  bool mounted_ = false;
};

inline StoreOptions at(const std::string& path, const std::string& cluster = "cluster-1") {
  return {.path = path, .cluster = cluster};
}
inline std::string refusal(const std::string& path) { return message_of(Store::open(at(path))); }

// On what the migrations made of it, as a test of the next one will find it.
inline void execute(const std::string& path, const std::string& sql) {
  auto database = Database::open(path);
  REQUIRE(database.ok());
  REQUIRE((*database)->script(sql).ok());
}

inline std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// What the first column of a query's rows has.
inline std::vector<std::string> column_of(const std::string& path, std::string_view sql) {
  auto database = Database::open(path);
  REQUIRE(database.ok());
  std::vector<std::string> column;
  REQUIRE((*database)
              ->run(sql, {},
                    [&](const Row& row) {
                      column.push_back(row.bytes(0));
                      return Walk::kOn;
                    })
              .ok());
  return column;
}

}  // namespace cara::apiserver
