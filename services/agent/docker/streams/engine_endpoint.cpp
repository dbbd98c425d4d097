#include "services/agent/docker/streams/engine_endpoint.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "schema/check.h"
#include "services/agent/docker/docker_errors.h"
#include "services/agent/docker/streams/connection.h"

namespace cara::docker {

namespace {

// Frames are looked at in pieces of this size: a chunk of a stream and a few headers.
constexpr std::size_t kLookBytes = 40 * 1024;
constexpr std::size_t kMaxAnswer = 64 * 1024;
constexpr std::chrono::seconds kLastChunkLimit{60};
constexpr std::string_view kLastChunk = "0\r\n\r\n";

bool is_passing(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

Error broken(int error) {
  return unavailable(std::string("the connection to the Docker engine broke: ") +
                     std::strerror(error));
}

Error cut_off() { return unavailable("the Docker engine broke off in the middle of a frame"); }

}  // namespace

// --- EngineEndpoint -----------------------------------------------------------------------------

EngineEndpoint::~EngineEndpoint() { ::close(fd_); }

host::Endpoint::Read EngineEndpoint::read(std::size_t limit) {
  return shape_ == Shape::kRaw ? read_raw(limit) : read_frames(limit);
}

host::Endpoint::Read EngineEndpoint::read_raw(std::size_t limit) const {
  std::string bytes(limit, '\0');
  const ssize_t count = ::recv(fd_, bytes.data(), limit, 0);
  if (count < 0) {
    if (is_passing(errno)) return {};
    return {.status = Read::kFailed, .error = broken(errno)};
  }
  if (count == 0) return {.status = Read::kEnd};
  bytes.resize(static_cast<std::size_t>(count));
  return {.status = Read::kData, .data = std::move(bytes)};
}

// What is not taken stays in the socket, so that the descriptor goes on saying that there is more.
host::Endpoint::Read EngineEndpoint::read_frames(std::size_t limit) {
  std::array<char, kLookBytes> shown{};
  const ssize_t count = ::recv(fd_, shown.data(), shown.size(), MSG_PEEK);
  if (count < 0) {
    if (is_passing(errno)) return {};
    return {.status = Read::kFailed, .error = broken(errno)};
  }
  if (count == 0) {
    if (frames_.is_at_end()) return {.status = Read::kEnd};
    return {.status = Read::kFailed, .error = cut_off()};
  }
  auto piece = frames_.read({shown.data(), static_cast<std::size_t>(count)}, limit);
  if (!piece) return {.status = Read::kFailed, .error = piece.error()};
  const ssize_t taken = ::recv(fd_, shown.data(), piece->consumed, 0);
  CARA_CHECK(taken == static_cast<ssize_t>(piece->consumed));  // it was seen there
  if (piece->data.empty()) return {};
  return {.status = Read::kData, .data = std::move(piece->data), .channel = piece->channel};
}

Result<std::size_t> EngineEndpoint::write(std::string_view bytes, schema::Channel) {
  return bytes.size();
}

// --- ExecEndpoint -------------------------------------------------------------------------------

host::Endpoint::Read ExecEndpoint::read(std::size_t limit) {
  Read read = EngineEndpoint::read(limit);
  // However its output ended: the exit code is asked for, and the engine says what is wrong.
  const bool is_broken = read.status == Read::kFailed && read.error.code == Code::kUnavailable;
  if (is_broken) return {.status = Read::kEnd};
  return read;
}

Result<std::size_t> ExecEndpoint::write(std::string_view bytes, schema::Channel) {
  if (!has_input_) return bytes.size();
  const ssize_t count = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (count >= 0) return static_cast<std::size_t>(count);
  if (is_passing(errno)) return std::size_t{0};
  return bytes.size();  // the command has ended; nobody reads it any more
}

void ExecEndpoint::end_of_input() {
  if (has_input_) ::shutdown(fd(), SHUT_WR);
}

void ExecEndpoint::finish(Done done) {
  is_over_ = true;
  control_->finish(std::move(done));
}

void ExecEndpoint::abandon() {
  is_over_ = true;
  control_->end();
}

void ExecEndpoint::abandon_unless_over() {
  if (!is_over_) control_->end();
}

// --- UploadEndpoint -----------------------------------------------------------------------------

UploadEndpoint::~UploadEndpoint() { ::close(fd_); }

host::Endpoint::Read UploadEndpoint::read(std::size_t) {
  std::array<char, 4096> piece{};
  const ssize_t count = ::recv(fd_, piece.data(), piece.size(), 0);
  if (count < 0 && is_passing(errno)) return {};
  if (count > 0) answer_.append(piece.data(), static_cast<std::size_t>(count));
  const std::size_t end = answer_.find(kHeadEnd);
  const bool is_over = count <= 0 || answer_.size() >= kMaxAnswer;
  if (end == std::string::npos) {
    if (!is_over) return {};
    return {.status = Read::kFailed,
            .error = unavailable(what_ + ": the Docker engine ended the connection without an "
                                         "answer; what was unpacked until then is there")};
  }
  const long status = status_of(answer_.substr(0, end + kHeadEnd.size()));
  if (status >= 200 && status < 300) return {.status = Read::kEnd};
  if (!is_over) return {};
  return {.status = Read::kFailed,
          .error = error_of(status, answer_.substr(end + kHeadEnd.size()), what_)};
}

// True: the chunk is with the engine.
Result<bool> UploadEndpoint::flush() {
  while (chunk_sent_ < chunk_.size()) {
    const ssize_t count =
        ::send(fd_, chunk_.data() + chunk_sent_, chunk_.size() - chunk_sent_, MSG_NOSIGNAL);
    if (count >= 0) {
      chunk_sent_ += static_cast<std::size_t>(count);
    } else if (is_passing(errno)) {
      return false;
    } else {
      return broken(errno);
    }
  }
  return true;
}

// Bytes count as taken when all of their chunk is: until then they are offered again.
Result<std::size_t> UploadEndpoint::write(std::string_view bytes, schema::Channel) {
  if (chunk_.empty()) {
    std::array<char, 16> size{};
    const char* end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
    chunk_.assign(size.data(), static_cast<std::size_t>(end - size.data()));
    chunk_ += "\r\n";
    chunk_ += bytes;
    chunk_ += "\r\n";
    chunk_sent_ = 0;
    chunk_data_ = bytes.size();
  }
  const Result<bool> flushed = flush();
  if (!flushed) {
    // An engine that refuses answers first, and its answer says why.
    Read answer;
    std::size_t before = 0;
    do {
      before = answer_.size();
      answer = read(kMaxAnswer);
    } while (answer.status == Read::kAgain && answer_.size() > before);
    return answer.status == Read::kFailed ? answer.error : flushed.error();
  }
  if (!*flushed) return std::size_t{0};
  chunk_.clear();
  return chunk_data_;
}

void UploadEndpoint::end_of_input() {
  chunk_ = kLastChunk;
  chunk_sent_ = 0;
  const Result<bool> flushed = flush();
  // An engine that is gone is noticed by read().
  if (!flushed || *flushed) return;
  const int copy = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return;
  chores_.add([copy, rest = chunk_.substr(chunk_sent_)](bool) {
    Connection connection = Connection::adopt(copy, "the Docker engine");
    (void)connection.send(rest, std::chrono::steady_clock::now() + kLastChunkLimit);
  });
}

// --- BufferEndpoint -----------------------------------------------------------------------------

BufferEndpoint::BufferEndpoint(std::string bytes)
    : fd_(::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK)), bytes_(std::move(bytes)) {
  CARA_CHECK(fd_ >= 0);
}

BufferEndpoint::~BufferEndpoint() { ::close(fd_); }

host::Endpoint::Read BufferEndpoint::read(std::size_t limit) {
  if (sent_ == bytes_.size()) return {.status = Read::kEnd};
  std::string part = bytes_.substr(sent_, limit);
  sent_ += part.size();
  return {.status = Read::kData, .data = std::move(part)};
}

Result<std::size_t> BufferEndpoint::write(std::string_view bytes, schema::Channel) {
  return bytes.size();
}

}  // namespace cara::docker
