#include "services/agent/state_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "schema/subjects.h"

namespace cara::agent {
namespace {

Error failed(const std::string& what, const std::string& path) {
  return internal("cannot " + what + " " + path + ": " + std::strerror(errno));
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// A rename is durable once its directory is.
Result<Ok> sync_directory_of(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  const int file = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return failed("open", directory);
  const bool synced = ::fsync(file) == 0;
  ::close(file);
  if (!synced) return failed("sync", directory);
  return Ok{};
}

// Complete on disk, or what was there before.
Result<Ok> write_durably(const std::string& path, std::string_view text) {
  const std::string part = path + ".part";
  const int file = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return failed("write", part);
  const bool written = write_all(file, text) && ::fsync(file) == 0;
  ::close(file);
  if (!written) return failed("write", part);
  if (::rename(part.c_str(), path.c_str()) != 0) return failed("rename", part);
  return sync_directory_of(path);
}

Result<std::string> read_or_make_id(const std::string& path, const std::string& fresh_id) {
  std::string id;
  if (std::ifstream file(path); file && std::getline(file, id)) {
    if (schema::is_token(id)) return id;
    return invalid(path + " does not hold an agent's id; remove it if this node is new");
  }
  if (Result<Ok> written = write_durably(path, fresh_id + "\n"); !written) return written.error();
  return fresh_id;
}

}  // namespace

Result<StateDir> StateDir::open(const std::string& path, const std::string& fresh_id) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (error) return internal("cannot make " + path + ": " + error.message());
  if (made) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
    if (error) return internal("cannot protect " + path + ": " + error.message());
  }
  const std::string lock_path = path + "/lock";
  const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return failed("open", lock_path);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const Error why =
        errno == EWOULDBLOCK
            ? conflict("another cara-agent uses " + path + "; give this one another --state-dir")
            : failed("lock", lock_path);
    ::close(lock);
    return why;
  }
  StateDir state(lock, path);
  Result<std::string> id = read_or_make_id(path + "/agent-id", fresh_id);
  if (!id) return id.error();
  state.agent_id_ = std::move(*id);
  return state;
}

StateDir::StateDir(StateDir&& other) noexcept
    : lock_(std::exchange(other.lock_, -1)),
      path_(std::move(other.path_)),
      agent_id_(std::move(other.agent_id_)) {}

std::string StateDir::read(const std::string& name) const {
  std::ifstream file(path_ + "/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<Ok> StateDir::write(const std::string& name, const std::string& text) const {
  return write_durably(path_ + "/" + name, text);
}

StateDir::~StateDir() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace cara::agent
