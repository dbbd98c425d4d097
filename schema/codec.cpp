#include "schema/codec.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <msgpack.hpp>

#include "schema/formats.h"

namespace cara::schema {
namespace {

using Packer = msgpack::packer<msgpack::sbuffer>;

void pack_text(Packer& packer, std::string_view text) {
  packer.pack_str(static_cast<std::uint32_t>(text.size()));
  packer.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
}

void pack_into(Packer& packer, const Value& value) {
  struct Visitor {
    Packer& packer;
    void operator()(std::monostate) const { packer.pack_nil(); }
    void operator()(bool v) const { v ? packer.pack_true() : packer.pack_false(); }
    void operator()(std::int64_t v) const { packer.pack_int64(v); }
    void operator()(double v) const { packer.pack_double(v); }
    void operator()(const std::string& v) const { pack_text(packer, v); }
    void operator()(const Plain& v) const { pack_text(packer, v.text); }
    void operator()(const Bytes& v) const {
      packer.pack_bin(static_cast<std::uint32_t>(v.data.size()));
      packer.pack_bin_body(v.data.data(), static_cast<std::uint32_t>(v.data.size()));
    }
    void operator()(const Array& v) const {
      packer.pack_array(static_cast<std::uint32_t>(v.size()));
      for (const Value& entry : v) pack_into(packer, entry);
    }
    void operator()(const Map& v) const {
      packer.pack_map(static_cast<std::uint32_t>(v.size()));
      for (const Member& member : v) {
        pack_text(packer, member.key);
        pack_into(packer, member.value);
      }
    }
  };
  std::visit(Visitor{packer}, value.data());
}

// Keeps the path of the value being read, so that an error can name it.
class Reader {
 public:
  Result<Value> read(const msgpack::object& object) {
    Value value = convert(object, "");
    if (!error_.empty()) return invalid(error_);
    return value;
  }

 private:
  Value fail(const std::string& path, std::string_view what) {
    if (error_.empty()) error_ = (path.empty() ? "the message" : path) + " " + std::string(what);
    return {};
  }

  Value convert(const msgpack::object& object, const std::string& path) {
    if (!error_.empty()) return {};
    switch (object.type) {
      case msgpack::type::NIL:
        return {};
      case msgpack::type::BOOLEAN:
        return object.via.boolean;
      case msgpack::type::POSITIVE_INTEGER:
        if (object.via.u64 > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
          return fail(path, "is too large a number");
        }
        return static_cast<std::int64_t>(object.via.u64);
      case msgpack::type::NEGATIVE_INTEGER:
        return object.via.i64;
      case msgpack::type::FLOAT32:
      case msgpack::type::FLOAT64:
        return object.via.f64;
      case msgpack::type::STR:
        return convert_text(object, path);
      case msgpack::type::ARRAY:
        return convert_array(object, path);
      case msgpack::type::MAP:
        return convert_map(object, path);
      case msgpack::type::BIN:
        return Bytes{std::string(object.via.bin.ptr, object.via.bin.size)};
      case msgpack::type::EXT:
        return fail(path, "is a msgpack extension, which is not used here");
    }
    return fail(path, "has an unknown type");
  }

  Value convert_text(const msgpack::object& object, const std::string& path) {
    const std::string_view text(object.via.str.ptr, object.via.str.size);
    if (!is_valid_utf8(text)) return fail(path, "is not valid UTF-8");
    return std::string(text);
  }

  Value convert_array(const msgpack::object& object, const std::string& path) {
    Array list;
    list.reserve(object.via.array.size);
    for (std::uint32_t i = 0; i < object.via.array.size; ++i) {
      list.push_back(convert(object.via.array.ptr[i], path + "[" + std::to_string(i) + "]"));
    }
    return list;
  }

  Value convert_map(const msgpack::object& object, const std::string& path) {
    Map map;
    map.reserve(object.via.map.size);
    std::vector<std::string_view> keys;
    for (std::uint32_t i = 0; i < object.via.map.size; ++i) {
      const msgpack::object_kv& pair = object.via.map.ptr[i];
      if (pair.key.type != msgpack::type::STR) return fail(path, "has a key that is not text");
      const std::string_view key(pair.key.via.str.ptr, pair.key.via.str.size);
      if (!is_valid_utf8(key)) return fail(path, "has a key that is not valid UTF-8");
      keys.push_back(key);
      const std::string inner = (path.empty() ? "" : path + ".") + printable(key);
      map.push_back({std::string(key), convert(pair.val, inner)});
    }
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice != keys.end()) return fail(path, "has the key `" + printable(*twice) + "` twice");
    return map;
  }

  std::string error_;
};

struct CodeName {
  Code code;
  std::string_view name;
};
constexpr std::array<CodeName, 8> kCodeNames{{{Code::kInvalid, "invalid"},
                                              {Code::kNotFound, "notFound"},
                                              {Code::kConflict, "conflict"},
                                              {Code::kForbidden, "forbidden"},
                                              {Code::kUnavailable, "unavailable"},
                                              {Code::kTimeout, "timeout"},
                                              {Code::kGone, "gone"},
                                              {Code::kInternal, "internal"}}};

std::string text_member(const Value& value, std::string_view key) {
  const Value* member = value.find(key);
  const std::string* text = member == nullptr ? nullptr : member->as_string();
  return text == nullptr ? "" : *text;
}

Error read_error(const Value& value) {
  Error error{code_from_wire(text_member(value, "code")), text_member(value, "message"), {}};
  if (error.message.empty()) error.message = "the other side reported an error without a message";
  const Value* fields = value.find("fields");
  if (fields == nullptr || fields->as_array() == nullptr) return error;
  for (const Value& field : *fields->as_array()) {
    error.fields.push_back({text_member(field, "path"), text_member(field, "message")});
  }
  return error;
}

}  // namespace

std::string pack(const Value& value) {
  msgpack::sbuffer buffer;
  Packer packer(buffer);
  pack_into(packer, value);
  return std::string(buffer.data(), buffer.size());
}

Result<Value> unpack(std::string_view bytes, const Limits& limits) {
  if (bytes.empty()) return invalid("the message is empty");
  if (bytes.size() > limits.bytes) {
    return invalid("the message has " + std::to_string(bytes.size()) + " bytes; at most " +
                   std::to_string(limits.bytes) + " are allowed");
  }
  const msgpack::unpack_limit bound(limits.entries, limits.entries, limits.bytes, limits.bytes, 0,
                                    limits.depth);
  std::size_t offset = 0;
  try {
    // Every str points into `bytes`, which outlives the conversion below.
    const msgpack::object_handle handle = msgpack::unpack(
        bytes.data(), bytes.size(), offset,
        [](msgpack::type::object_type, std::size_t, void*) { return true; }, nullptr, bound);
    if (offset != bytes.size()) {
      return invalid("the message has " + std::to_string(bytes.size() - offset) +
                     " bytes behind its end");
    }
    if (handle.get().type != msgpack::type::MAP) return invalid("the message is no msgpack map");
    return Reader().read(handle.get());
  } catch (const msgpack::depth_size_overflow&) {
    return invalid("the message is nested deeper than " + std::to_string(limits.depth) + " levels");
  } catch (const msgpack::size_overflow&) {
    return invalid("the message claims a list, map or text larger than is allowed");
  } catch (const msgpack::insufficient_bytes&) {
    return invalid("the message is cut short");
  } catch (const std::exception&) {  // parse_error and bad_alloc
    return invalid("the message is no msgpack");
  }
}

std::string pack_error(const Error& error) {
  Map body{{"code", Value(wire_name(error.code))}, {"message", Value(error.message)}};
  if (!error.fields.empty()) {
    Array fields;
    for (const FieldError& field : error.fields) {
      fields.push_back(Map{{"path", Value(field.path)}, {"message", Value(field.message)}});
    }
    body.push_back({"fields", Value(std::move(fields))});
  }
  return pack(Value(Map{{"error", Value(std::move(body))}}));
}

Result<Value> open_reply(std::string_view bytes) {
  Result<Value> value = unpack(bytes);
  if (!value) return value;
  const Value* error = value->find("error");
  if (error != nullptr) return read_error(*error);
  return value;
}

std::string hash_of(const Value& value) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : pack(value)) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 0; i < text.size(); ++i) text[15 - i] = kHex[(hash >> (4 * i)) & 15];
  return text;
}

std::string_view wire_name(Code code) {
  for (const CodeName& entry : kCodeNames) {
    if (entry.code == code) return entry.name;
  }
  CARA_CHECK(false);
}

Code code_from_wire(std::string_view name) {
  for (const CodeName& entry : kCodeNames) {
    if (entry.name == name) return entry.code;
  }
  return Code::kInternal;
}

}  // namespace cara::schema
