#include "tests/unit/fake_docker.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <utility>
#include <vector>

namespace cara::docker {

namespace {

// Headers and, as far as Content-Length says, the body; only the first line is of interest.
std::string read_request(int fd) {
  std::string text;
  std::array<char, 4096> piece{};
  std::size_t end = std::string::npos;
  while ((end = text.find("\r\n\r\n")) == std::string::npos) {
    const auto n = read(fd, piece.data(), piece.size());
    if (n <= 0) return "";
    text.append(piece.data(), static_cast<std::size_t>(n));
  }
  std::size_t want = end + 4;
  if (const auto at = text.find("Content-Length: "); at < end)
    want += std::stoul(text.substr(at + 16));
  while (text.size() < want) {
    const auto n = read(fd, piece.data(), piece.size());
    if (n <= 0) return "";
    text.append(piece.data(), static_cast<std::size_t>(n));
  }
  return text.substr(0, text.find(" HTTP/"));
}

void write_answer(int fd, const FakeAnswer& answer) {
  const std::string text =
      "HTTP/1.1 " + std::to_string(answer.status) +
      " x\r\nConnection: close\r\nContent-Length: " + std::to_string(answer.body.size()) +
      "\r\n\r\n" + answer.body.substr(0, answer.cut_after);
  (void)send(fd, text.data(), text.size(), MSG_NOSIGNAL);
}

}  // namespace

FakeDocker::FakeDocker(Script script) : script_(std::move(script)) {
  std::string directory = "/tmp/cara-fake-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) throw std::runtime_error("no directory in /tmp");
  path_ = directory + "/docker.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof address.sun_path - 1);
  listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_, 16) != 0) {
    throw std::runtime_error("cannot listen on " + path_);
  }
  thread_ = std::thread([this] { serve(); });
}

FakeDocker::~FakeDocker() {
  ends_ = true;
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
  unlink(path_.c_str());
  rmdir(path_.substr(0, path_.rfind('/')).c_str());
}

void FakeDocker::serve() {
  std::vector<int> hung;
  while (!ends_) {
    const int fd = accept(listener_, nullptr, nullptr);
    if (fd < 0) continue;
    const std::string request = read_request(fd);
    const FakeAnswer answer = request.empty() ? FakeAnswer{} : script_(request);
    if (answer.hangs) {
      hung.push_back(fd);
      continue;
    }
    write_answer(fd, answer);
    close(fd);
  }
  for (const int fd : hung) close(fd);
}

}  // namespace cara::docker
