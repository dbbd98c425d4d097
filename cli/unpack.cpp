// Archives to files. Every folder on the way is opened without following links, so that an archive
// cannot lead out of its target by a link that it has brought itself.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/file.h"
#include "cli/pack.h"
#include "schema/formats.h"
#include "services/runtime/host/write_all.h"

namespace cara::cli {
namespace {

constexpr std::size_t kMaxName = 500;
constexpr unsigned kPermissions = 0777;  // no setuid from a container

using Parts = std::vector<std::string>;

std::string shown(const std::string& name) { return schema::printable(name, kMaxName); }

Error failed(const std::string& name, int error) {
  if (error == ELOOP || error == ENOTDIR) {
    return conflict(shown(name) +
                    ": there is a link or a file where a folder should be; it is not "
                    "followed or replaced");
  }
  return internal(shown(name) + ": " + std::strerror(error));
}

std::array<timespec, 2> times_of(const TarEntry& entry) {
  const timespec time{.tv_sec = entry.mtime_s, .tv_nsec = static_cast<long>(entry.mtime_ns)};
  return {time, time};
}

class Unpacker {
 public:
  Unpacker(TarReader& reader, const UnpackTarget& target, std::vector<std::string>& skipped)
      : reader_(reader),
        target_(target),
        skipped_(skipped),
        root_(open(target.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

  Result<Ok> run(TarEntry entry) {
    if (root_.fd() < 0) return failed(target_.folder, errno);
    while (true) {
      if (const Result<Ok> done = take(entry); !done) return done;
      auto next = reader_.next();
      if (!next) return next.error();
      if (!*next) return finish_folders();
      entry = std::move(**next);
    }
  }

 private:
  // Where an entry goes, below the target's folder: what they share is called as the target says.
  Result<Parts> place_of(const std::string& name) const {
    Result<Parts> parts = parts_of(name);
    if (!parts) return parts;
    if (!parts->empty()) parts->erase(parts->begin());
    if (!target_.name.empty()) parts->insert(parts->begin(), target_.name);
    return parts;
  }

  // The folder that has the last of them; folders on the way are made.
  Result<File> parent_of(const Parts& parts, const std::string& name) {
    File at(dup(root_.fd()));
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      if (mkdirat(at.fd(), parts[i].c_str(), 0755) != 0 && errno != EEXIST) {
        return failed(name, errno);
      }
      const int next =
          openat(at.fd(), parts[i].c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (next < 0) return failed(name, errno);
      at = File(next);
    }
    return at;
  }

  Result<Ok> take(const TarEntry& entry) {
    const Result<Parts> parts = place_of(entry.name);
    if (!parts) return parts.error();
    if (parts->empty()) return Ok{};  // the folder whose contents are wanted
    const Result<File> parent = parent_of(*parts, entry.name);
    if (!parent) return parent.error();
    const std::string& name = parts->back();
    switch (entry.type) {
      case TarEntry::Type::kFile:
        return take_file(entry, parent->fd(), name);
      case TarEntry::Type::kFolder:
        return take_folder(entry, parent->fd(), *parts);
      case TarEntry::Type::kSymlink:
        return take_symlink(entry, parent->fd(), name);
      case TarEntry::Type::kHardlink:
        return take_hardlink(entry, parent->fd(), name);
      case TarEntry::Type::kOther:
        skipped_.push_back(entry.name);
        return Ok{};
    }
    return Ok{};
  }

  Result<Ok> take_file(const TarEntry& entry, int parent, const std::string& name) {
    const std::string unfinished = ".cara-" + std::to_string(getpid()) + "-unfinished";
    unlinkat(parent, unfinished.c_str(), 0);
    const File file(openat(parent, unfinished.c_str(),
                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (file.fd() < 0) return failed(entry.name, errno);
    Result<Ok> done = write_file(entry, file.fd());
    if (done && renameat(parent, unfinished.c_str(), parent, name.c_str()) != 0) {
      done = failed(entry.name, errno);
    }
    if (!done) unlinkat(parent, unfinished.c_str(), 0);
    return done;
  }

  Result<Ok> write_file(const TarEntry& entry, int file) {
    while (true) {
      const Result<std::string_view> piece = reader_.data();
      if (!piece) return piece.error();
      if (piece->empty()) break;
      if (!host::write_all(file, *piece)) return failed(entry.name, errno);
    }
    const bool done =
        fchmod(file, entry.mode & kPermissions) == 0 && futimens(file, times_of(entry).data()) == 0;
    return done ? Result<Ok>(Ok{}) : failed(entry.name, errno);
  }

  Result<Ok> take_folder(const TarEntry& entry, int parent, const Parts& parts) {
    if (mkdirat(parent, parts.back().c_str(), 0700) == 0) {
      made_.emplace_back(parts, entry);
      return Ok{};
    }
    // What the user has already stays as it is.
    const File there(
        openat(parent, parts.back().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    return there.fd() < 0 ? failed(entry.name, errno) : Result<Ok>(Ok{});
  }

  Result<Ok> take_symlink(const TarEntry& entry, int parent, const std::string& name) {
    unlinkat(parent, name.c_str(), 0);
    if (symlinkat(entry.target.c_str(), parent, name.c_str()) != 0) {
      return failed(entry.name, errno);
    }
    utimensat(parent, name.c_str(), times_of(entry).data(), AT_SYMLINK_NOFOLLOW);
    return Ok{};
  }

  Result<Ok> take_hardlink(const TarEntry& entry, int parent, const std::string& name) {
    const Result<Parts> target = place_of(entry.target);
    if (!target) return target.error();
    if (target->empty()) return invalid(shown(entry.name) + " is a link to a folder");
    const Result<File> from = parent_of(*target, entry.target);
    if (!from) return from.error();
    unlinkat(parent, name.c_str(), 0);
    if (linkat(from->fd(), target->back().c_str(), parent, name.c_str(), 0) != 0) {
      return failed(entry.name, errno);
    }
    return Ok{};
  }

  // Only now: their permissions may forbid what had to be put into them, their times would change.
  Result<Ok> finish_folders() {
    for (auto it = made_.rbegin(); it != made_.rend(); ++it) {
      const auto& [parts, entry] = *it;
      const Result<File> parent = parent_of(parts, entry.name);
      if (!parent) return parent.error();
      const File folder(openat(parent->fd(), parts.back().c_str(),
                               O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      const bool done = folder.fd() >= 0 && futimens(folder.fd(), times_of(entry).data()) == 0 &&
                        fchmod(folder.fd(), entry.mode & kPermissions) == 0;
      if (!done) return failed(entry.name, errno);
    }
    return Ok{};
  }

  TarReader& reader_;
  const UnpackTarget& target_;
  std::vector<std::string>& skipped_;
  const File root_;
  std::vector<std::pair<Parts, TarEntry>> made_;
};

}  // namespace

Result<std::vector<std::string>> parts_of(const std::string& name) {
  const auto refuse = [&] {
    return invalid("the archive has an entry outside of itself, `" + shown(name) +
                   "`: it is not unpacked");
  };
  if (name.starts_with('/')) return refuse();
  Parts parts;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string part = name.substr(begin, end - begin);
    if (part == "..") return refuse();
    if (!part.empty() && part != ".") parts.push_back(part);
    begin = end + 1;
  }
  return parts;
}

Result<UnpackTarget> unpack_target(const std::string& local, const std::string& base,
                                   bool is_folder, bool contents) {
  std::error_code error;
  const auto status = std::filesystem::status(local, error);
  if (std::filesystem::is_directory(status)) {
    return UnpackTarget{local, is_folder && contents ? "" : base};
  }
  if (std::filesystem::exists(status) && is_folder) {
    return invalid(shown(local) + " is a file, a folder cannot be copied to it");
  }
  if (!std::filesystem::exists(status) && !is_folder && local.ends_with('/')) {
    return not_found(shown(local) + ": there is no such folder");
  }
  std::string path = local;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  if (!std::filesystem::is_directory(folder, error)) {
    return not_found(shown(folder) + ": there is no such folder");
  }
  return UnpackTarget{folder, std::filesystem::path(path).filename()};
}

Result<Ok> unpack(TarReader& reader, TarEntry first, const UnpackTarget& target,
                  std::vector<std::string>& skipped) {
  return Unpacker(reader, target, skipped).run(std::move(first));
}

}  // namespace cara::cli
