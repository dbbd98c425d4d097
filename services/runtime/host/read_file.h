// Reading a whole file. std::ifstream's iterators end the process where read() fails: of a folder,
// of a process that has just ended.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>

namespace cara::host {

// Nothing: errno says why.
inline std::optional<std::string> read_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::string text;
  std::array<char, 16 * 1024> piece;
  ssize_t got = 0;
  while ((got = ::read(file, piece.data(), piece.size())) != 0) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  const int why = errno;
  ::close(file);
  errno = why;
  if (got < 0) return std::nullopt;
  return text;
}

}  // namespace cara::host
