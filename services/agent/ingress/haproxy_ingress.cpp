#include "services/agent/ingress/haproxy_ingress.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "schema/formats.h"
#include "services/agent/ingress/files.h"
#include "services/agent/ingress/request_count.h"

namespace cara::haproxy {
namespace {

using std::chrono::milliseconds;

constexpr const char* kJustStarted = "this node has just started and has not looked yet";
constexpr std::size_t kMaxHopKey = 256;

bool is_hop_key(const std::string& key) {
  return key.size() <= kMaxHopKey && std::ranges::all_of(key, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

}  // namespace

HaproxyIngress::HaproxyIngress(Options options)
    : options_(std::move(options)),
      launcher_(options_.folder, options_.config),
      routes_(options_.folder, kRoutesFile),
      hop_(options_.folder, kHopFile),
      certificates_(options_.folder, options_.config.tls_folder, options_.say),
      wake_(::eventfd(0, EFD_CLOEXEC)) {
  CARA_CHECK(wake_ >= 0);
  step();
  thread_ = std::thread([this] { watch(); });
}

HaproxyIngress::~HaproxyIngress() {
  {
    const std::lock_guard guard(lock_);
    stopping_ = true;
  }
  (void)::eventfd_write(wake_, 1);
  thread_.join();
  ::close(wake_);
}

Result<agent::IngressReply> HaproxyIngress::execute(const agent::IngressOp& op) {
  const std::lock_guard guard(lock_);
  if (const auto* set = std::get_if<agent::SetRoutes>(&op)) return set_routes(*set);
  return count(std::get<agent::CountRequests>(op));
}

Result<agent::IngressReply> HaproxyIngress::set_routes(const agent::SetRoutes& op) {
  auto map = to_map(op.routes);
  if (!map) return map.error();
  if (!is_hop_key(op.hop_key)) {
    return invalid("the key of the routers may have letters, digits, `-` and `_`, at most " +
                   std::to_string(kMaxHopKey));
  }
  if (!op.complete) {
    RouteMap kept = routes_.wanted();
    for (const agent::RouteKey& key : op.gone) kept.erase(key_of(key.host, key.path));
    map->merge(kept);  // what is there already does not replace what is given
  }
  routes_.want(with_misses(std::move(*map)));
  if (!op.hop_key.empty()) {
    hop_.want({{kHopEntry, op.hop_key}});
  } else if (op.complete) {
    hop_.want({});
  }
  if (launcher_.current() == nullptr) return unavailable(trouble_);
  if (auto done = hop_.apply(launcher_.admin()); !done) return done.error();
  if (auto done = routes_.apply(launcher_.admin()); !done) return done.error();
  return agent::IngressReply{};
}

Result<agent::IngressReply> HaproxyIngress::count(const agent::CountRequests& op) {
  if (launcher_.current() == nullptr) return unavailable(trouble_);
  const auto answer = launcher_.admin().ask(count_command());
  if (!answer) return answer.error();
  RequestCount under_way = parse_count(*answer);
  for (const HaproxyProcess& process : launcher_.leaving()) {
    for (const auto& [address, number] : connections_of(process.pid())) {
      under_way[address] += number;
    }
  }
  agent::IngressReply reply;
  for (const std::string& address : op.addresses) {
    const auto found = under_way.find(address);
    reply.under_way[address] = found == under_way.end() ? 0 : found->second;
  }
  return reply;
}

void HaproxyIngress::watch() {
  while (true) {
    milliseconds longest{};
    {
      const std::lock_guard guard(lock_);
      if (stopping_) return;
      step();
      const auto next = wants_start_ ? std::min(next_start_, next_look_) : next_look_;
      longest = std::chrono::ceil<milliseconds>(next - Clock::now());
    }
    // Without the lock: ten megabytes are copied.
    bound_log(options_.folder + "/" + kAccessLog, options_.max_access_log_bytes);
    bound_log(options_.folder + "/" + kOwnLog, kMaxOwnLogBytes);
    wait(std::max(longest, milliseconds(0)));
  }
}

// Until HAProxy ends, the object is destroyed, or `longest` is over.
void HaproxyIngress::wait(milliseconds longest) {
  std::array<pollfd, 2> files{pollfd{.fd = wake_, .events = POLLIN, .revents = 0},
                              pollfd{.fd = -1, .events = POLLIN, .revents = 0}};
  // Only this thread replaces the process.
  if (HaproxyProcess* process = launcher_.current()) files[1].fd = process->handle();
  (void)::poll(files.data(), files.size(), static_cast<int>(longest.count()));
}

void HaproxyIngress::step() {
  HaproxyProcess* process = launcher_.current();
  if (process != nullptr) {
    if (const auto how = process->ended()) {
      launcher_.forget_current();
      if (Clock::now() - started_at_ >= kGoodLife) pause_ = milliseconds(0);
      wants_start_ = true;
      next_start_ = Clock::now() + pause_;
      report("HAProxy ended: " + *how);
    }
  }
  if (wants_start_ && Clock::now() >= next_start_) bring_up();
  // None of the leaving ones stays a zombie.
  for (const HaproxyProcess& leaving : launcher_.leaving()) leaving.append_log();
  if (launcher_.current() != nullptr) launcher_.current()->append_log();
  if (Clock::now() < next_look_) return;
  next_look_ = Clock::now() + options_.look_every;
  if (launcher_.current() != nullptr) certificates_.look(launcher_.admin());
}

void HaproxyIngress::bring_up() {
  const auto up = try_to_start();
  pause_ = std::clamp(pause_ * 2, kFirstPause, kLongestPause);
  next_start_ = Clock::now() + pause_;
  if (!up) return report(up.error().message);
  wants_start_ = false;
  started_at_ = Clock::now();
  next_look_ = started_at_;  // certificates may have changed
  report("");
}

Result<Ok> HaproxyIngress::try_to_start() {
  if (auto made = make_folder(options_.folder); !made) return made.error();
  if (auto made = certificates_.prepare(); !made) return made.error();
  if (launcher_.current() == nullptr) {
    const auto found = launcher_.look();
    if (!found) return found.error();
    if (*found != Launcher::Found::kNothing) {
      is_first_start_ = false;
      if (auto done = take_over(); !done) {
        launcher_.forget_current();
        return done.error();
      }
      if (*found == Launcher::Found::kSame) return Ok{};
    } else if (is_first_start_) {
      // What ran here before may be gone, and its addresses may be another's.
      routes_.want(closed(routes_.wanted(), kJustStarted));
      hop_.want(hop_.wanted());
      is_first_start_ = false;
    }
  }
  if (auto started = launcher_.start(); !started) return started.error();
  routes_.started();
  hop_.started();
  if (auto done = hop_.apply(launcher_.admin()); !done) return done.error();
  return routes_.apply(launcher_.admin());
}

// What the found process routes is what it goes on with.
Result<Ok> HaproxyIngress::take_over() {
  if (auto done = routes_.adopt(launcher_.admin()); !done) return done.error();
  return hop_.adopt(launcher_.admin());
}

void HaproxyIngress::report(const std::string& trouble) {
  if (trouble == trouble_) return;
  trouble_ = trouble;
  options_.on_event({trouble});
}

}  // namespace cara::haproxy
