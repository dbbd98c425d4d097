#include "cli/pack.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/file.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

constexpr std::size_t kMaxName = 500;

Error failed(const std::string& path, int error) {
  const std::string what = schema::printable(path, kMaxName) + ": " + std::strerror(error);
  return error == ENOENT ? not_found(what) : internal(what);
}

// A file may change under our hands, but its entry has said how long it is.
Result<Ok> pack_bytes(TarWriter& writer, const std::string& path, std::int64_t size) {
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.fd() < 0) return failed(path, errno);
  std::array<char, 65'536> buffer{};
  while (size > 0) {
    const auto wanted =
        static_cast<std::size_t>(std::min(size, static_cast<std::int64_t>(buffer.size())));
    const ssize_t count = read(file.fd(), buffer.data(), wanted);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(path, errno);
    if (count == 0) {
      return internal(schema::printable(path, kMaxName) + ": it became shorter meanwhile");
    }
    const Result<Ok> done = writer.data({buffer.data(), static_cast<std::size_t>(count)});
    if (!done) return done;
    size -= count;
  }
  return Ok{};
}

TarEntry entry_of(const std::string& name, const struct stat& what) {
  return {.name = name,
          .mode = what.st_mode & 07777u,
          .mtime_s = what.st_mtim.tv_sec,
          .mtime_ns = what.st_mtim.tv_nsec};
}

Result<std::vector<std::string>> names_in(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (auto it = std::filesystem::directory_iterator(path, error);
       !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    names.push_back(it->path().filename());
  }
  if (error) return failed(path, error.value());
  std::sort(names.begin(), names.end());
  return names;
}

Result<Ok> pack_folder(TarWriter& writer, const std::string& path, const std::string& name,
                       std::vector<std::string>& skipped) {
  const auto names = names_in(path);
  if (!names) return names.error();
  for (const std::string& each : *names) {
    const Result<Ok> done =
        pack(writer, path + "/" + each, name.empty() ? each : name + "/" + each, skipped);
    if (!done) return done;
  }
  return Ok{};
}

}  // namespace

Result<Ok> pack(TarWriter& writer, const std::string& path, const std::string& name,
                std::vector<std::string>& skipped) {
  struct stat what {};
  // The contents of a folder that a link leads to are wanted, the link itself is not.
  const int failure = name.empty() ? stat(path.c_str(), &what) : lstat(path.c_str(), &what);
  if (failure != 0) return failed(path, errno);
  if (name.empty()) {
    if (S_ISDIR(what.st_mode)) return pack_folder(writer, path, name, skipped);
    return invalid(schema::printable(path, kMaxName) + " is no folder");
  }
  TarEntry entry = entry_of(name, what);
  if (S_ISDIR(what.st_mode)) {
    entry.type = TarEntry::Type::kFolder;
    const Result<Ok> done = writer.add(entry);
    return done ? pack_folder(writer, path, name, skipped) : done;
  }
  if (S_ISLNK(what.st_mode)) {
    std::error_code error;
    entry.type = TarEntry::Type::kSymlink;
    entry.target = std::filesystem::read_symlink(path, error);
    if (error) return failed(path, error.value());
    return writer.add(entry);
  }
  if (!S_ISREG(what.st_mode)) {
    skipped.push_back(path);
    return Ok{};
  }
  entry.size = what.st_size;
  const Result<Ok> done = writer.add(entry);
  return done ? pack_bytes(writer, path, entry.size) : done;
}

}  // namespace cara::cli
