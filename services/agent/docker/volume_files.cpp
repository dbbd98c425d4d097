#include "services/agent/docker/volume_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "schema/quantity.h"
#include "services/runtime/host/write_all.h"

namespace cara::docker {

namespace fs = std::filesystem;

namespace {

constexpr ::mode_t kFolderMode = 0755;
constexpr ::mode_t kPlainMode = 0444;

// A leading dot: no file of a user's may be called so and end like this.
constexpr const char* kUnfinished = ".unfinished~";

Error failed(const std::string& what, const std::string& path) {
  return internal(what + " " + path + ": " + std::strerror(errno));
}

Result<Ok> write_file(const std::string& folder, const std::string& name, const std::string& text,
                      ::mode_t mode) {
  const std::string path = folder + "/" + name;
  const std::string unfinished = folder + "/" + kUnfinished;
  (void)::unlink(unfinished.c_str());
  const int file = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return failed("cannot write", path);
  // Not by open(): the umask must not take anything from what the manifest says.
  const bool written = host::write_all(file, text) && ::fchmod(file, mode) == 0;
  const int error = errno;
  ::close(file);
  errno = error;
  if (!written || ::rename(unfinished.c_str(), path.c_str()) != 0) {
    return failed("cannot write", path);
  }
  return Ok{};
}

std::string content_file(const std::string& folder) { return folder + ".content"; }

}  // namespace

std::string volume_folder(const std::string& root, const std::string& volume) {
  return root + "/" + volume;
}

Result<Ok> write_files(const std::string& folder,
                       const std::map<std::string, schema::ConfigFile>& files) {
  // Until all is written, nobody knows what it holds.
  (void)::unlink(content_file(folder).c_str());
  std::error_code error;
  fs::create_directories(folder, error);
  // Whatever the umask: users other than root read these files inside their containers.
  if (error || ::chmod(folder.c_str(), kFolderMode) != 0) {
    return internal("cannot make the folder " + folder + ": " + error.message());
  }
  for (const auto& [name, file] : files) {
    const auto mode = schema::parse_mode(file.mode);
    const auto done =
        write_file(folder, name, file.content, mode ? static_cast<::mode_t>(*mode) : kPlainMode);
    if (!done.ok()) return done;
  }
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!files.contains(entry.path().filename().string())) fs::remove_all(entry.path(), error);
  }
  return Ok{};
}

void remove_files(const std::string& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  (void)::unlink(content_file(folder).c_str());
}

bool has_files(const std::string& folder) {
  std::error_code error;
  return fs::is_directory(folder, error);
}

Result<Ok> write_content(const std::string& folder, const std::string& content) {
  const fs::path file = content_file(folder);
  return write_file(file.parent_path().string(), file.filename().string(), content, kPlainMode);
}

std::string read_content(const std::string& folder) {
  std::ifstream file(content_file(folder));
  std::string content;
  std::getline(file, content);
  return content;
}

}  // namespace cara::docker
