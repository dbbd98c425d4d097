#include "services/agent/ingress/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "services/runtime/host/read_file.h"
#include "services/runtime/host/write_all.h"

namespace cara::haproxy {
namespace {

class File {
 public:
  File(const std::string& path, int flags) : file_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (file_ >= 0) ::close(file_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool is_open() const { return file_ >= 0; }
  int number() const { return file_; }

  bool write(std::string_view text) const { return host::write_all(file_, text); }
  // Empty: its end, or an error.
  std::string_view read(std::array<char, 64 * 1024>& piece) const {
    ssize_t got = 0;
    do {
      got = ::read(file_, piece.data(), piece.size());
    } while (got < 0 && errno == EINTR);
    return {piece.data(), static_cast<std::size_t>(got < 0 ? 0 : got)};
  }

 private:
  int file_;
};

Error failed(const std::string& what, const std::string& path) {
  return internal("cannot " + what + " " + path + ": " + std::strerror(errno));
}

}  // namespace

std::string read_from(const std::string& path, std::int64_t offset, std::size_t limit) {
  const File file(path, O_RDONLY);
  std::string text;
  if (!file.is_open() || ::lseek(file.number(), offset, SEEK_SET) < 0) return text;
  std::array<char, 64 * 1024> piece{};
  while (text.size() < limit) {
    const std::string_view more = file.read(piece);
    if (more.empty()) break;
    text += more;
  }
  if (text.size() > limit) text.resize(limit);
  return text;
}

std::string read_file(const std::string& path) { return host::read_file(path).value_or(""); }

std::int64_t file_size(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 ? facts.st_size : 0;
}

Result<Ok> write_file(const std::string& path, std::string_view text) {
  const std::string part = path + ".part";
  {
    const File file(part, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.is_open() || !file.write(text)) return failed("write", part);
  }
  if (::rename(part.c_str(), path.c_str()) != 0) return failed("rename", part);
  return Ok{};
}

Result<Ok> make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return internal("cannot make " + path + ": " + error.message());
  std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  if (error) return internal("cannot protect " + path + ": " + error.message());
  return Ok{};
}

void bound_log(const std::string& path, std::int64_t limit) {
  if (file_size(path) <= limit) return;
  const File from(path, O_RDWR);
  const File to(path + ".1", O_WRONLY | O_CREAT | O_TRUNC);
  if (!from.is_open()) return;
  std::array<char, 64 * 1024> piece{};
  for (std::string_view more = from.read(piece); !more.empty(); more = from.read(piece)) {
    // A full disk: the newest lines are worth more than the old ones.
    if (!to.is_open() || !to.write(more)) break;
  }
  (void)!::ftruncate(from.number(), 0);
}

}  // namespace cara::haproxy
