// msgpack <-> Value: the only place where bytes from the bus are parsed.
//
// A payload is one msgpack map with text keys
// (https://github.com/msgpack/msgpack/blob/master/spec.md). Refused: anything over the limits,
// bytes behind the map, keys that are not text or repeat, extension types, integers beyond int64,
// text that is not UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "schema/result.h"
#include "schema/value.h"

namespace cara::schema {

struct Limits {
  std::size_t bytes = 1024 * 1024;  // the bus's own payload limit
  std::size_t entries = 16'384;     // of one list or map
  std::size_t depth = 32;
};

// One Project as msgpack; what is larger is refused at apply, naming the size.
inline constexpr std::size_t kMaxManifestBytes = 256 * 1024;

std::string pack(const Value& value);
Result<Value> unpack(std::string_view bytes, const Limits& limits = {});

// Replies: {"error": {code, message, fields}} or the reply's own fields.
std::string pack_error(const Error& error);
Result<Value> open_reply(std::string_view bytes);

// FNV-1a, 64 bit, 16 hex digits, of the packed value: equal specs have equal hashes across
// processes and versions as long as no field was added with a non-empty default.
std::string hash_of(const Value& value);

std::string_view wire_name(Code code);
Code code_from_wire(std::string_view name);  // unknown: kInternal

}  // namespace cara::schema
