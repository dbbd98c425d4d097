#include "cli/explain_text.h"

#include <algorithm>
#include <vector>

#include "cli/render.h"
#include "schema/formats.h"
#include "schema/json_schema.h"
#include "schema/types.h"
#include "schema/words.h"

namespace cara::cli {
namespace {

constexpr std::size_t kWidth = 90;

std::string text_at(const Value& schema, std::string_view key) {
  const Value* value = schema.find(key);
  if (value == nullptr) return "";
  return value->as_string() != nullptr ? *value->as_string() : to_json_line(*value);
}

// What a list or a map is of; null: it is neither.
const Value* inside(const Value& schema) {
  if (const Value* items = schema.find("items")) return items;
  const Value* others = schema.find("additionalProperties");
  return others != nullptr && others->as_map() != nullptr ? others : nullptr;
}

// The fields below, through lists and maps; null: there are none.
const Map* fields_of(const Value& schema) {
  if (const Value* fields = schema.find("properties")) return fields->as_map();
  const Value* below = inside(schema);
  return below == nullptr ? nullptr : fields_of(*below);
}

const Value* holder_of(const Value& schema) {
  if (schema.find("properties") != nullptr) return &schema;
  const Value* below = inside(schema);
  return below == nullptr ? nullptr : holder_of(*below);
}

std::string type_of(const Value& schema) {
  if (const Value* names = schema.find("enum")) {
    std::string text;
    for (const Value& name : *names->as_array()) {
      text += (text.empty() ? "" : "|") + *name.as_string();
    }
    return text;
  }
  if (const Value* items = schema.find("items")) return "[]" + type_of(*items);
  if (schema.find("properties") != nullptr) return "Object";
  if (const Value* below = inside(schema)) return "map[string]" + type_of(*below);
  if (text_at(schema, "format") == "date-time") return "time";
  const Value* type = schema.find("type");
  // Texts that people write as numbers.
  if (type != nullptr && type->as_array() != nullptr) return "string or number";
  return text_at(schema, "type");
}

bool is_required(const Value& holder, const std::string& name) {
  const Value* required = holder.find("required");
  if (required == nullptr) return false;
  return std::any_of(required->as_array()->begin(), required->as_array()->end(),
                     [&](const Value& entry) { return entry == Value(name); });
}

// `1 to 65535`, `at most 63 characters`; empty: anything goes.
std::string limits_of(const Value& schema) {
  const auto range = [&](const char* least, const char* most, const char* of) -> std::string {
    const std::string from = text_at(schema, least);
    const std::string to = text_at(schema, most);
    if (from.empty() && to.empty()) return "";
    if (from.empty()) return "at most " + to + of;
    return to.empty() ? "at least " + from + of : from + " to " + to + of;
  };
  std::string all;
  for (const std::string& one :
       {range("minimum", "maximum", ""), range("minLength", "maxLength", " characters"),
        range("minItems", "maxItems", " entries"),
        range("minProperties", "maxProperties", " entries")}) {
    if (!one.empty()) all += (all.empty() ? "" : ", ") + one;
  }
  return all;
}

// Words in lines of kWidth, each behind `indent` blanks.
std::string wrapped(const std::string& text, std::size_t indent) {
  std::string out;
  std::string line;
  const auto end_line = [&] {
    if (!line.empty()) out += std::string(indent, ' ') + line + "\n";
    line.clear();
  };
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (!line.empty() && indent + line.size() + 1 + word.size() > kWidth) end_line();
    line += (line.empty() ? "" : " ") + word;
    begin = end + 1;
  }
  end_line();
  return out;
}

std::string notes_of(const Value& schema, bool required) {
  std::string notes = required ? ", required" : "";
  if (schema.find("readOnly") != nullptr) notes += ", written by the system";
  const std::string fallback = text_at(schema, "default");
  if (!fallback.empty()) notes += ", default " + fallback;
  const std::string limits = limits_of(schema);
  // A format says it better where it is the length of a name or a path.
  if (!limits.empty() && schema.find("maxLength") == nullptr) notes += ", " + limits;
  return notes;
}

void list_fields(const Value& schema, std::size_t indent, Depth depth, std::string& out) {
  const Map* fields = fields_of(schema);
  if (fields == nullptr) return;
  const Value& holder = *holder_of(schema);
  for (const Member& field : *fields) {
    const bool required = is_required(holder, field.key);
    out += std::string(indent, ' ') + field.key + "  <" + type_of(field.value) + ">" +
           notes_of(field.value, required) + "\n";
    if (depth == Depth::kAll) {
      list_fields(field.value, indent + 2, depth, out);
    } else {
      out += wrapped(text_at(field.value, "description"), indent + 4);
    }
  }
}

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    std::string word = path.substr(begin, end - begin);
    // `services[]`, `services[0]`, as errors write it.
    words.push_back(word.substr(0, word.find('[')));
    begin = end + 1;
  }
  return words;
}

Error unknown(const std::string& what, const std::string& word,
              const std::vector<std::string>& known) {
  return invalid("`" + schema::printable(word) + "` is no " + what +
                 schema::hint_for(word, known, "there are " + schema::joined(known)));
}

std::string passed(const Value& schema) {
  if (schema.find("items") != nullptr) return "[]";
  const bool is_map = schema.find("properties") == nullptr && inside(schema) != nullptr;
  return is_map ? ".NAME" : "";
}

}  // namespace

Result<ExplainedField> find_field(const std::string& path) {
  const std::vector<std::string> words = split(path);
  ExplainedField found;
  const std::string& kind = words.front();
  if (kind == "project" || kind == "projects" || kind == "po" || kind == "Project") {
    found = {.kind = "Project", .path = "", .schema = schema::project_fields()};
  } else if (kind == "node" || kind == "nodes" || kind == "no" || kind == "Node") {
    found = {.kind = "Node", .path = "", .schema = schema::node_fields()};
  } else {
    return unknown("kind of object", kind, {"project", "node"});
  }
  for (std::size_t i = 1; i < words.size(); ++i) {
    const Map* fields = fields_of(found.schema);
    const std::string where =
        found.path.empty() ? "a " + found.kind : found.path + " of a " + found.kind;
    if (fields == nullptr) return invalid(where + " has no fields of its own");
    const auto field = std::find_if(fields->begin(), fields->end(),
                                    [&](const Member& each) { return each.key == words[i]; });
    if (field == fields->end()) {
      std::vector<std::string> known;
      for (const Member& each : *fields) known.push_back(each.key);
      return unknown("field of " + where, words[i], known);
    }
    found.required = is_required(*holder_of(found.schema), field->key);
    found.path += (found.path.empty() ? "" : passed(found.schema) + ".") + field->key;
    const Value next = field->value;
    found.schema = next;
  }
  return found;
}

std::string explain_text(const ExplainedField& field, Depth depth) {
  const Value& schema = field.schema;
  std::string text = "KIND:     " + field.kind + "\nVERSION:  " + schema::kApiVersion + "\n";
  if (!field.path.empty()) {
    text += "FIELD:    " + field.path + " <" + type_of(schema) + ">" +
            notes_of(schema, field.required) + "\n";
  }
  const std::string doc = text_at(schema, "description");
  if (!doc.empty()) text += "\n" + wrapped(doc, 4);
  const Value* one = inside(schema) != nullptr ? inside(schema) : &schema;
  const std::string pattern = text_at(*one, "pattern");
  const std::string limits = limits_of(*one);
  if (!pattern.empty()) text += "\nPATTERN:  " + pattern + "\n";
  if (!limits.empty())
    text += std::string(pattern.empty() ? "\n" : "") + "LIMITS:   " + limits + "\n";
  if (fields_of(schema) != nullptr) {
    text += "\nFIELDS:\n";
    list_fields(schema, 2, depth, text);
  }
  return text;
}

}  // namespace cara::cli
