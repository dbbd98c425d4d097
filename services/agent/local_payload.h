// Payloads that stay inside the process: operations for the node's engine and router. By the same
// machinery as the bus's messages, with wider limits. For engine.cpp and ingress.cpp.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "schema/codec.h"
#include "schema/describe.h"
#include "schema/encode.h"

namespace cara::agent {

inline constexpr schema::Limits kLocalLimits{
    .bytes = 64 * 1024 * 1024, .entries = 1024 * 1024, .depth = 32};

struct LocalOp {
  std::string name;
  Value args;
};

template <class Op>
std::string pack_op(std::string_view name, const Op& op) {
  return schema::pack(Value(Map{{"op", Value(name)}, {"args", schema::encode(op)}}));
}

inline Result<LocalOp> unpack_op(std::string_view bytes) {
  auto value = schema::unpack(bytes, kLocalLimits);
  if (!value.ok()) return value.error();
  const Value* name = value->find("op");
  const Value* args = value->find("args");
  if (name == nullptr || name->as_string() == nullptr) return invalid("op is required");
  if (args == nullptr) return invalid("args is required");
  return LocalOp{*name->as_string(), *args};
}

template <class Event>
std::string pack_event(const Event& event) {
  return schema::pack(schema::encode(event));
}

template <class Event>
Result<Event> unpack_event(std::string_view bytes) {
  const auto value = schema::unpack(bytes, kLocalLimits);
  if (!value.ok()) return value.error();
  return schema::decode<Event>(*value, schema::Mode::kMessage);
}

}  // namespace cara::agent
