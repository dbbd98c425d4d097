// Ingress operations, replies and events as payloads, by the same machinery as the bus's messages.
#include "services/agent/ingress.h"

#include <array>

#include "services/agent/local_payload.h"

namespace cara::schema {

template <>
struct EnumNames<agent::RouteKind> {
  static constexpr std::array<std::string_view, 3> kNames{"container", "node", "none"};
};

}  // namespace cara::schema

namespace cara::agent {

using schema::Presence;

template <class V>
void describe(V& v, Route& x) {
  v.field(Presence::kRequired, "host", x.host, {});
  v.field(Presence::kRequired, "path", x.path, {});
  v.field(Presence::kRequired, "project", x.project, {});
  v.field(Presence::kRequired, "rule", x.rule, {});
  v.field(Presence::kRequired, "kind", x.kind, {});
  v.field(Presence::kOptional, "address", x.address, {});
  v.field(Presence::kOptional, "node", x.node, {});
  v.field(Presence::kOptional, "reason", x.reason, {});
}
template <class V>
void describe(V& v, RouteKey& x) {
  v.field(Presence::kRequired, "host", x.host, {});
  v.field(Presence::kRequired, "path", x.path, {});
}
template <class V>
void describe(V& v, SetRoutes& x) {
  v.field(Presence::kRequired, "routes", x.routes, {});
  v.field(Presence::kRequired, "complete", x.complete, {});
  v.field(Presence::kOptional, "gone", x.gone, {});
  v.field(Presence::kOptional, "hopKey", x.hop_key, {});
}
template <class V>
void describe(V& v, CountRequests& x) {
  v.field(Presence::kRequired, "addresses", x.addresses, {});
}
template <class V>
void describe(V& v, IngressReply& x) {
  v.field(Presence::kOptional, "underWay", x.under_way, {});
}
template <class V>
void describe(V& v, IngressEvent& x) {
  v.field(Presence::kOptional, "trouble", x.trouble, {});
}

namespace {

constexpr const char* kSetRoutes = "setRoutes";
constexpr const char* kCountRequests = "countRequests";

template <class Op>
Result<IngressOp> decode_as(const Value& args) {
  auto op = schema::decode<Op>(args, schema::Mode::kMessage);
  if (!op.ok()) return op.error();
  return IngressOp(std::move(*op));
}

}  // namespace

std::string encode(const IngressOp& op) {
  const char* name = std::holds_alternative<SetRoutes>(op) ? kSetRoutes : kCountRequests;
  return std::visit([name](const auto& each) { return pack_op(name, each); }, op);
}

Result<IngressOp> decode_ingress_op(std::string_view bytes) {
  const auto op = unpack_op(bytes);
  if (!op.ok()) return op.error();
  if (op->name == kSetRoutes) return decode_as<SetRoutes>(op->args);
  if (op->name == kCountRequests) return decode_as<CountRequests>(op->args);
  return invalid("no such ingress operation");
}

std::string encode(const Result<IngressReply>& reply) {
  return reply.ok() ? schema::pack(schema::encode(*reply)) : schema::pack_error(reply.error());
}

Result<IngressReply> decode_ingress_reply(std::string_view bytes) {
  const auto opened = schema::open_reply(bytes);
  if (!opened.ok()) return opened.error();
  return schema::decode<IngressReply>(*opened, schema::Mode::kMessage);
}

std::string encode(const IngressEvent& event) { return pack_event(event); }
Result<IngressEvent> decode_ingress_event(std::string_view bytes) {
  return unpack_event<IngressEvent>(bytes);
}

}  // namespace cara::agent
