// Value: a tree of plain data, the common ground of msgpack (the bus), YAML (manifests) and JSON
// (output). Maps keep the order they were written in; a reader refuses duplicate keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cara {

class Value;
struct Member;
using Array = std::vector<Value>;
using Map = std::vector<Member>;

// An unquoted YAML scalar. It becomes what the field wants: `0777` is text where text is expected
// (never 511), a number where a number is.
struct Plain {
  std::string text;
  bool operator==(const Plain&) const = default;
};

// What is no text: pieces of streams and of backups. Base64 in JSON.
struct Bytes {
  std::string data;
  bool empty() const { return data.empty(); }
  bool operator==(const Bytes&) const = default;
};

class Value {
 public:
  using Data = std::variant<std::monostate, bool, std::int64_t, double, std::string, Plain, Bytes,
                            Array, Map>;

  // Out of line, as most of what is compiled copies Values or drops them.
  Value() = default;
  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept;
  ~Value();
  Value(bool v) : data_(v) {}
  Value(std::int64_t v) : data_(v) {}
  Value(int v) : data_(std::int64_t{v}) {}
  Value(double v) : data_(v) {}
  Value(std::string v) : data_(std::move(v)) {}
  Value(std::string_view v) : data_(std::string(v)) {}
  Value(const char* v) : data_(std::string(v)) {}
  Value(Plain v) : data_(std::move(v)) {}
  Value(Bytes v) : data_(std::move(v)) {}
  Value(Array v);
  Value(Map v);

  const Data& data() const { return data_; }
  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  const std::string* as_string() const { return std::get_if<std::string>(&data_); }
  const std::int64_t* as_int() const { return std::get_if<std::int64_t>(&data_); }
  const Bytes* as_bytes() const { return std::get_if<Bytes>(&data_); }
  const bool* as_bool() const { return std::get_if<bool>(&data_); }
  const Array* as_array() const { return std::get_if<Array>(&data_); }
  const Map* as_map() const { return std::get_if<Map>(&data_); }
  Array* as_array() { return std::get_if<Array>(&data_); }
  Map* as_map() { return std::get_if<Map>(&data_); }

  // The member `key` of a map; null if this is no map or has no such member.
  const Value* find(std::string_view key) const;

  bool operator==(const Value& other) const;

 private:
  Data data_;
};

struct Member {
  std::string key;
  Value value;
  bool operator==(const Member&) const = default;
};

// As JSON shows bytes.
std::string to_base64(std::string_view bytes);

// What a user calls the kind of this value: "a list", "a map", "text", "a number", ...
std::string_view kind_of(const Value& value);

}  // namespace cara
