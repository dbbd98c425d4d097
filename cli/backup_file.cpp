#include "cli/backup_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "services/runtime/host/write_all.h"

namespace cara::cli {
namespace {

namespace fs = std::filesystem;

Error exists(const std::string& path) { return conflict(path + " exists; --force replaces it"); }

}  // namespace

Result<Ok> BackupFile::check(const std::string& path, bool force) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) return conflict(path + " is a directory, and must be a file");
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    return conflict(path + " is a device or the like, and must be a file");
  }
  if (fs::exists(status) && !force) return exists(path);
  return Ok{};
}

Result<BackupFile> BackupFile::create(const std::string& path, bool force) {
  if (Result<Ok> checked = check(path, force); !checked) return checked.error();
  std::error_code error;
  const std::string draft = path + ".partial";
  fs::remove(draft, error);  // of one that was killed
  const int file =
      ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) {
    return conflict(draft + " cannot be made: " + std::generic_category().message(errno));
  }
  return BackupFile(path, force, file);
}

BackupFile::BackupFile(BackupFile&& other) noexcept
    : path_(std::move(other.path_)), force_(other.force_), file_(std::exchange(other.file_, -1)) {}

BackupFile::~BackupFile() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(draft().c_str());
}

Error BackupFile::failed() const {
  return conflict(draft() + " cannot be written: " + std::generic_category().message(errno));
}

Result<Ok> BackupFile::append(std::string_view bytes) {
  if (!host::write_all(file_, bytes)) return failed();
  return Ok{};
}

Result<Ok> BackupFile::finish() {
  if (::fsync(file_) != 0) return failed();
  // Whatever came to be there meanwhile is not replaced; file systems that cannot tell are rare.
  const unsigned how = force_ ? 0u : RENAME_NOREPLACE;
  int renamed = ::renameat2(AT_FDCWD, draft().c_str(), AT_FDCWD, path_.c_str(), how);
  if (renamed != 0 && errno == EEXIST) return exists(path_);
  if (renamed != 0 && errno == EINVAL) renamed = ::rename(draft().c_str(), path_.c_str());
  if (renamed != 0) return failed();
  ::close(std::exchange(file_, -1));
  const std::string folder = fs::absolute(path_).parent_path();
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return Ok{};
  ::fsync(directory);
  ::close(directory);
  return Ok{};
}

}  // namespace cara::cli
