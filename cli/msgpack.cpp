// caractrl msgpack2json, json2msgpack: filters for other people's NATS tools, which run them once
// per message. They start nothing, read nothing but standard input, and connect to nobody.
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/say.h"
#include "cli/verb.h"
#include "schema/codec.h"

namespace cara::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxDepth = schema::Limits{}.depth;
// More than any message of the bus may have; nats-server's own limit is 64 MiB.
constexpr schema::Limits kLimits{.bytes = 64 * 1024 * 1024, .entries = 1024 * 1024};
constexpr double kBeyondIntegers = 9223372036854775808.0;  // 2^63

std::string read_all(std::istream& in) {
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// What is neither msgpack nor JSON is shown all the same, and the reader goes on with the next one.
std::string unreadable(std::string_view bytes, const std::string& why) {
  return to_json_line(Map{{"unreadable", Value(why)}, {"base64", Value(to_base64(bytes))}}) + "\n";
}

Exit to_json_filter(Context& context, const host::Flags&) {
  const std::string bytes = read_all(context.in);
  if (bytes.empty()) {
    context.out << unreadable(bytes, "the message is empty");
  } else if (Json::accept(bytes)) {
    context.out << bytes << (bytes.back() == '\n' ? "" : "\n");
  } else if (const auto value = schema::unpack(bytes, kLimits)) {
    context.out << to_json_line(*value) << "\n";
  } else {
    context.out << unreadable(bytes,
                              "neither JSON nor a message of ours: " + value.error().message);
  }
  return kDone;
}

Error too_large(const Json& json) { return invalid("it has too large a number: " + json.dump()); }

Result<Value> value_of(const Json& json, std::size_t depth) {
  if (json.is_structured() && depth >= kMaxDepth) return invalid("it is nested too deeply");
  switch (json.type()) {
    case Json::value_t::boolean:
      return Value(json.get<bool>());
    case Json::value_t::number_integer:
      return Value(json.get<std::int64_t>());
    case Json::value_t::number_unsigned:
      if (json.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) {
        return too_large(json);
      }
      return Value(json.get<std::int64_t>());
    case Json::value_t::number_float:
      // Whole numbers beyond 64 bits are here too, and are only nearly the same any more.
      if (std::abs(json.get<double>()) >= kBeyondIntegers) return too_large(json);
      return Value(json.get<double>());
    case Json::value_t::string:
      return Value(json.get_ref<const std::string&>());
    case Json::value_t::array: {
      Array list;
      for (const Json& entry : json) {
        Result<Value> value = value_of(entry, depth + 1);
        if (!value) return value;
        list.push_back(std::move(*value));
      }
      return Value(std::move(list));
    }
    case Json::value_t::object: {
      Map map;
      for (const auto& [key, entry] : json.items()) {
        Result<Value> value = value_of(entry, depth + 1);
        if (!value) return value;
        map.push_back({key, std::move(*value)});
      }
      return Value(std::move(map));
    }
    case Json::value_t::null:
    case Json::value_t::binary:
    case Json::value_t::discarded:
      break;
  }
  return Value();
}

Result<Value> parse(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return invalid("standard input is not JSON");
  if (!json.is_object()) {
    return invalid("a message is one JSON object, such as {\"name\": \"shop\"}, not " +
                   std::string(json.type_name()));
  }
  return value_of(json, 0);
}

Exit to_msgpack_filter(Context& context, const host::Flags&) {
  const Result<Value> value = parse(read_all(context.in));
  if (!value) return say_error(context, value.error());
  context.out << schema::pack(*value);
  return kDone;
}

}  // namespace

const Verb& msgpack2json_verb() {
  static const Verb kVerb{
      .name = "msgpack2json",
      .summary = "Turn one message of the bus into a line of JSON",
      .usage = "msgpack2json < MESSAGE",
      .details =
          "For the nats CLI, which runs it once per message. JSON is passed through as it is;\n"
          "bytes that are no text become base64. What is neither JSON nor a message of ours is\n"
          "shown as {\"unreadable\": WHY, \"base64\": BYTES}, and the exit code is 0 all the "
          "same.\n"
          "No connection is made and no configuration read.\n\n"
          "Examples:\n"
          "  caractrl msgpack2json < MESSAGE\n"
          "  nats sub 'cara.v1.evt.>' --translate \"caractrl msgpack2json\"\n"
          "  caractrl json2msgpack <<<'{}' |\n"
          "    nats req cara.v1.api.admin.me.project.list --translate \"caractrl msgpack2json\"\n"
          "Where the bus has permissions, `nats` needs --inbox-prefix _INBOX.admin.me.srv.\n",
      .flags = {},
      .run = to_json_filter,
      .bare = true};
  return kVerb;
}

const Verb& json2msgpack_verb() {
  static const Verb kVerb{
      .name = "json2msgpack",
      .summary = "Turn one JSON object into a message for the bus",
      .usage = "json2msgpack < JSON",
      .details =
          "What the nats CLI can send. No connection is made and no configuration read.\n\n"
          "Examples:\n"
          "  caractrl json2msgpack <<<'{\"name\": \"shop\"}' |\n"
          "    nats req cara.v1.api.admin.me.project.get --translate \"caractrl msgpack2json\"\n",
      .flags = {},
      .run = to_msgpack_filter,
      .bare = true};
  return kVerb;
}

}  // namespace cara::cli
