// File: a file descriptor with an owner.
#pragma once

#include <unistd.h>

#include <utility>

namespace cara::cli {

class File {
 public:
  explicit File(int fd) : fd_(fd) {}  // -1: there is none
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace cara::cli
