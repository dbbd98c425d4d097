// What the wire*.cpp share, and nobody else includes: CARA_MESSAGE(T) makes wire.h's templates of a
// message. Objects, which many messages hold, are compiled once, in wire.cpp.
#pragma once

#include "schema/codec.h"
#include "schema/describe_types.h"
#include "schema/encode.h"
#include "schema/wire.h"

namespace cara::schema {

template <class T>
Result<T> decode_from(const Result<Value>& value) {
  if (!value) return value.error();
  return decode<T>(*value, Mode::kMessage);
}

template <class T>
std::string pack_message(const T& message) {
  return pack(encode(message));
}

template <class T>
Result<T> unpack_message(std::string_view bytes) {
  return decode_from<T>(unpack(bytes));
}

template <class T>
Result<T> unpack_reply(std::string_view bytes) {
  return decode_from<T>(open_reply(bytes));
}

#define CARA_MESSAGE(T)                                   \
  template std::string pack_message<T>(const T&);         \
  template Result<T> unpack_message<T>(std::string_view); \
  template Result<T> unpack_reply<T>(std::string_view);

using Path = const std::string&;
extern template Value encode_value(const Project&, Fields);
extern template Value encode_value(const ProjectSpec&, Fields);
extern template Value encode_value(const Node&, Fields);
extern template Value encode_value(const NodeInfo&, Fields);
extern template void decode_value(DecodeContext&, Path, const Value&, Project&, const Rules&);
extern template void decode_value(DecodeContext&, Path, const Value&, ProjectSpec&, const Rules&);
extern template void decode_value(DecodeContext&, Path, const Value&, Node&, const Rules&);
extern template void decode_value(DecodeContext&, Path, const Value&, NodeInfo&, const Rules&);

}  // namespace cara::schema
