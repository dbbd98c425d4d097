#include "services/agent/docker/streams/late_endpoint.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <limits>
#include <mutex>
#include <utility>

#include "schema/check.h"

namespace cara::docker {

namespace {

constexpr std::uint64_t kFull = std::numeric_limits<std::uint64_t>::max() - 1;

int new_event() {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  CARA_CHECK(fd >= 0);
  return fd;
}

// Neither can fail: both are counters, and nobody else moves them.
void add(int event, std::uint64_t count) {
  [[maybe_unused]] const ssize_t written = ::write(event, &count, sizeof count);
}
void drain(int event) {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t taken = ::read(event, &count, sizeof count);
}

}  // namespace

// --- Opener -------------------------------------------------------------------------------------

struct LateEndpoint::Opener::State {
  mutable std::mutex mutex;
  std::optional<Opened> opened;  // under mutex
  bool cancelled = false;        // under mutex
  // Not readable, and full: not writable, until it is opened.
  int readable = new_event();
  int writable = new_event();
};

LateEndpoint::Opener::Opener() : state_(std::make_unique<State>()) { add(state_->writable, kFull); }

LateEndpoint::Opener::~Opener() {
  ::close(state_->readable);
  ::close(state_->writable);
}

bool LateEndpoint::Opener::is_cancelled() const {
  const std::lock_guard lock(state_->mutex);
  return state_->cancelled;
}

void LateEndpoint::Opener::done(Opened opened) {
  const std::lock_guard lock(state_->mutex);
  if (state_->cancelled) return;
  state_->opened = std::move(opened);
  add(state_->readable, 1);
  drain(state_->writable);
}

std::optional<LateEndpoint::Opened> LateEndpoint::Opener::take() {
  const std::lock_guard lock(state_->mutex);
  return std::exchange(state_->opened, std::nullopt);
}

void LateEndpoint::Opener::cancel() {
  const std::lock_guard lock(state_->mutex);
  state_->cancelled = true;
  state_->opened.reset();
}

// --- LateEndpoint -------------------------------------------------------------------------------

std::pair<std::unique_ptr<LateEndpoint>, std::shared_ptr<LateEndpoint::Opener>> LateEndpoint::make(
    std::string container) {
  auto opener = std::make_shared<Opener>();
  return {std::make_unique<LateEndpoint>(opener, std::move(container)), opener};
}

LateEndpoint::~LateEndpoint() { opener_->cancel(); }

int LateEndpoint::read_fd() const { return inner_ ? inner_->read_fd() : opener_->state_->readable; }

int LateEndpoint::write_fd() const {
  return inner_ ? inner_->write_fd() : opener_->state_->writable;
}

Result<Ok> LateEndpoint::look() {
  std::optional<Opened> opened = opener_->take();
  if (!opened) return Ok{};
  if (!*opened) return opened->error();
  inner_ = std::move(**opened);
  if (size_) inner_->resize(size_->first, size_->second);
  for (const std::string& name : signals_) inner_->signal(name);
  if (input_ended_) inner_->end_of_input();
  return Ok{};
}

host::Endpoint::Read LateEndpoint::read(std::size_t limit) {
  if (inner_) return inner_->read(limit);
  if (const auto opened = look(); !opened) {
    return {.status = Read::kFailed, .error = opened.error()};
  }
  return {};
}

Result<std::size_t> LateEndpoint::write(std::string_view bytes, schema::Channel channel) {
  if (!inner_) {
    if (const auto opened = look(); !opened) return opened.error();
  }
  return inner_ ? inner_->write(bytes, channel) : std::size_t{0};
}

void LateEndpoint::end_of_input() {
  input_ended_ = true;
  if (inner_) inner_->end_of_input();
}

void LateEndpoint::resize(std::int64_t columns, std::int64_t rows) {
  if (inner_) return inner_->resize(columns, rows);
  size_ = {columns, rows};
}

void LateEndpoint::signal(const std::string& name) {
  if (inner_) return inner_->signal(name);
  signals_.push_back(name);
}

void LateEndpoint::finish(Done done) { inner_->finish(std::move(done)); }

void LateEndpoint::abandon() {
  opener_->cancel();
  if (inner_) inner_->abandon();
}

}  // namespace cara::docker
