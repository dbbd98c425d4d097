// Ingress: what the agent needs of the node's HTTP router. HaproxyIngress (ring 3) is one, and the
// simulator has a model of it.
//
// The agent says the whole table at first, then what is different; the router needs no reload.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "schema/result.h"

namespace cara::agent {

// Where the requests of a route go.
enum class RouteKind {
  kContainer,  // to a container of this node
  kNode,       // to the ingress of the node that has the project: unless it came from another node
  kNone,       // nowhere: answered with 503 and the reason
};

struct Route {
  std::string host;        // lower case ASCII, without a port
  std::string path = "/";  // prefix of whole segments: `/`, `/api`; the longest of a host wins
  std::string project;
  std::string rule;  // its name in spec.ingress
  RouteKind kind = RouteKind::kNone;
  std::string address = {};  // `10.200.0.2:80`, `[fd00::2]:80`; empty for kNone
  std::string node = {};     // kNode: whose ingress that is
  std::string reason = {};   // kNone: a sentence for whoever asks
  bool operator==(const Route&) const = default;
};

// --- Operations. Each is safe to repeat. kUnavailable: the router does not run, so nothing is
// routed now; what was set last is what it starts with. kTimeout: it runs and does not answer. ----

struct RouteKey {
  std::string host;
  std::string path;
  auto operator<=>(const RouteKey&) const = default;
};

// From now on these are the routes, hosts and paths at most once. Answered when every new request
// is routed by them; requests that are under way go on.
struct SetRoutes {
  std::vector<Route> routes;
  // False: what the router has beside them is kept, but for `gone`: only what changes is said, or
  // the agent was restarted and does not know yet what is on other nodes.
  bool complete = true;
  std::vector<RouteKey> gone = {};
  // What another node's router shows to be believed where a request came from. Empty: nobody is,
  // or, if it is not complete, as before.
  std::string hop_key = {};
};
// How many requests are under way to each of these addresses, WebSockets among them.
struct CountRequests {
  std::vector<std::string> addresses;
};

using IngressOp = std::variant<SetRoutes, CountRequests>;

struct IngressReply {
  std::map<std::string, std::int64_t> under_way;  // CountRequests: every asked address
  bool operator==(const IngressReply&) const = default;
};

class Ingress {
 public:
  virtual ~Ingress() = default;
  // Blocks, for a few seconds at most. One thread.
  virtual Result<IngressReply> execute(const IngressOp& op) = 0;
};

// The router came up or went down. Delivered on `local.ingress.event`.
struct IngressEvent {
  std::string trouble;  // why it does not run: its own words; empty: it runs
};

// The agent speaks to its router as to a peer: Request{"local.ingress", encode(op)}.
inline constexpr const char* kIngressSubject = "local.ingress";
inline constexpr const char* kIngressEventSubject = "local.ingress.event";
std::string encode(const IngressOp& op);
Result<IngressOp> decode_ingress_op(std::string_view bytes);
std::string encode(const Result<IngressReply>& reply);
Result<IngressReply> decode_ingress_reply(std::string_view bytes);
std::string encode(const IngressEvent& event);
Result<IngressEvent> decode_ingress_event(std::string_view bytes);

}  // namespace cara::agent
