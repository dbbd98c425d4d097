// FileLock: one apiserver per database. Held while the object lives; the kernel lets go of it when
// the process ends, however it ends.
#pragma once

#include <string>

#include "schema/result.h"

namespace cara::apiserver {

class FileLock {
 public:
  // Takes `<path>.lock`: a file of its own, because closing any descriptor of the database would
  // drop SQLite's own locks (https://sqlite.org/howtocorrupt.html, section 2.2).
  static Result<FileLock> take(const std::string& path);
  ~FileLock();
  FileLock(FileLock&& other) noexcept : file_(other.file_) { other.file_ = -1; }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  FileLock& operator=(FileLock&&) = delete;

 private:
  explicit FileLock(int file) : file_(file) {}
  int file_;
};

}  // namespace cara::apiserver
