// caractrl port-forward: ports of a container, on this machine.
#include <poll.h>

#include <map>
#include <thread>

#include "cli/ports.h"
#include "cli/say.h"
#include "cli/streams.h"
#include "cli/targets.h"
#include "cli/verb.h"
#include "schema/formats.h"
#include "services/runtime/host/socket_endpoint.h"

namespace cara::cli {
namespace {

constexpr int kSliceMs = 100;  // how late Ctrl-C is noticed
constexpr std::size_t kMaxSentence = 1024;
constexpr const char* kLoopback = "127.0.0.1";
constexpr const char* kLoopback6 = "::1";

struct Open {
  Listener listener;
  std::uint16_t remote = 0;
};

class Forward {
 public:
  Forward(Context& context, Api& api, Target target, runtime::Duration timeout)
      : context_(context), streams_(api.streams()), target_(std::move(target)), timeout_(timeout) {}

  Result<Ok> listen(const std::vector<std::string>& addresses, const PortPair& ports) {
    const bool is_local = addresses.empty();
    std::uint16_t port = ports.local;
    for (const std::string& address :
         is_local ? std::vector<std::string>{kLoopback, kLoopback6} : addresses) {
      auto listener = Listener::open(address, port);
      // Not every machine has IPv6.
      if (!listener && is_local && address == kLoopback6) continue;
      if (!listener) return listener.error();
      port = listener->port();
      context_.out << "Forwarding from " << listener->name() << " -> " << ports.remote << "\n";
      open_.push_back({std::move(*listener), ports.remote});
    }
    context_.out.flush();
    return Ok{};
  }

  // Until Ctrl-C.
  Exit run() {
    context_.wait_begins();
    while (!context_.interrupted()) {
      wait();
      for (const Open& open : open_) accept(open);
      while (const auto event = streams_.next({})) {
        if (event->over) ended(event->stream, *event->over);
      }
    }
    return kInterrupted;
  }

 private:
  void wait() {
    std::vector<pollfd> polled{{.fd = streams_.event_fd(), .events = POLLIN, .revents = 0}};
    for (const Open& open : open_) {
      polled.push_back({.fd = open.listener.fd(), .events = POLLIN, .revents = 0});
    }
    ::poll(polled.data(), polled.size(), kSliceMs);
  }

  void accept(const Open& open) {
    int fd = -1;
    while (!context_.interrupted() && (fd = open.listener.accept()) >= 0) {
      auto endpoint = std::make_unique<host::SocketEndpoint>(fd);
      context_.out << "Handling connection for " << open.listener.port() << "\n" << std::flush;
      schema::StreamRequest request{.project = target_.project, .service = target_.service};
      request.forward = schema::ForwardOptions{.port = open.remote};
      const auto stream =
          streams_.open("forward", std::move(request), std::move(endpoint), timeout_);
      if (stream)
        connections_[*stream] = &open;
      else
        complain(open, stream.error());
    }
    if (errno != EMFILE && errno != ENFILE) return;
    // There is a connection that cannot be taken: until others are closed.
    std::this_thread::sleep_for(std::chrono::milliseconds(kSliceMs));
  }

  void ended(std::int64_t stream, const runtime::StreamResult& result) {
    const auto found = connections_.find(stream);
    if (found == connections_.end()) return;
    if (result.error) complain(*found->second, *result.error);
    connections_.erase(found);
  }

  void complain(const Open& open, const Error& error) {
    context_.err << "error: forwarding " << open.listener.port() << " -> " << open.remote << ": "
                 << schema::printable(error.message, kMaxSentence) << "\n"
                 << std::flush;
  }

  Context& context_;
  Streams& streams_;
  const Target target_;
  const runtime::Duration timeout_;
  std::vector<Open> open_;
  std::map<std::int64_t, const Open*> connections_;
};

Result<std::vector<PortPair>> ports_of(const std::vector<std::string>& words) {
  if (words.empty()) return invalid("of what? Write PROJECT/SERVICE and a port");
  if (words.size() == 1) return invalid("which port? Write 80, 8080:80, or :80");
  std::vector<PortPair> ports;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const auto pair = parse_port_pair(words[i]);
    if (!pair) return pair.error();
    ports.push_back(*pair);
  }
  return ports;
}

Exit run_forward(Context& context, const host::Flags& flags) {
  const std::vector<std::string>& words = flags.positionals();
  const auto ports = ports_of(words);
  if (!ports) return say_usage(context, "port-forward", ports.error().message);
  if (const auto named = parse_target(words.front()); !named) {
    return say_usage(context, "port-forward", named.error().message);
  }
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  const runtime::Duration timeout = flags.duration("timeout");
  const Result<Target> target = find_target(**api, words.front(), timeout);
  if (!target) return say_error(context, target.error());
  Forward forward(context, **api, *target, timeout);
  for (const PortPair& pair : *ports) {
    const Result<Ok> done = forward.listen(flags.list("address"), pair);
    if (!done) return say_error(context, done.error());
  }
  return forward.run();
}

}  // namespace

const Verb& forward_verb() {
  static const Verb kVerb{
      .name = "port-forward",
      .summary = "Reach ports of a container from this machine",
      .usage = "port-forward PROJECT[/SERVICE] [LOCAL:]PORT... [FLAGS]",
      .details =
          "Listens here until Ctrl-C; each connection goes to the container wherever it runs, so "
          "new\n"
          "ones work after restarts, updates and moves. `:PORT` takes a free local port and "
          "prints\n"
          "it. Nothing is opened on the node, and the service needs no published port.\n\n"
          "Examples:\n"
          "  caractrl port-forward wordpress/web 8080:80\n"
          "  caractrl port-forward wordpress/db :3306\n"
          "  caractrl port-forward wordpress/web 8080:80 8443:443 --address 10.0.0.5\n",
      .flags = {{.name = "address",
                 .help = "Where to listen, instead of 127.0.0.1 and ::1; may be repeated. Whoever "
                         "reaches it reaches the container",
                 .kind = host::FlagKind::kList,
                 .value_name = "IP",
                 .environment = kNoEnvironment},
                answer_timeout_flag()},
      .run = run_forward};
  return kVerb;
}

}  // namespace cara::cli
