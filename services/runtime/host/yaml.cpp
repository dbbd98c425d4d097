#include "services/runtime/host/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include "schema/formats.h"

namespace cara::host {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kCoreTag = "tag:yaml.org,2002:";

// Leaves the library's parser; caught in read_yaml.
struct Refused {
  int line;
  std::string why;
};

int line_number(const YAML::Mark& mark) { return std::max(mark.line, 0) + 1; }

std::size_t count_nodes(const Value& value) {
  std::size_t count = 1;
  if (const Array* list = value.as_array()) {
    for (const Value& item : *list) count += count_nodes(item);
  }
  if (const Map* map = value.as_map()) {
    for (const Member& member : *map) count += count_nodes(member.value);
  }
  return count;
}

// Builds the documents from the parser's events, so that an alias bomb is never unfolded.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(const YamlLimits& limits) : limits_(limits) {}

  std::vector<YamlDocument> take() { return std::move(documents_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    document_ = {};
    document_.line = line_number(mark);
    anchors_.clear();
  }
  void OnDocumentEnd() override {
    if (!document_.value.is_null()) documents_.push_back(std::move(document_));
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    scalar(mark, anchor, Value(), "null");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    if (tag == "!" || tag == std::string(kCoreTag) + "str") {
      scalar(mark, anchor, Value(text), text);
    } else if (tag == std::string(kCoreTag) + "null") {
      scalar(mark, anchor, Value(), text);
    } else {
      check_tag(mark, tag);
      scalar(mark, anchor, Value(Plain{text}), text);
    }
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto it = anchors_.find(anchor);
    if (it == anchors_.end()) throw Refused{line_number(mark), "an alias inside its own anchor"};
    if (expects_key()) throw Refused{line_number(mark), "a key has to be text, not an alias"};
    count(mark, it->second.nodes);
    if (open_.size() + it->second.depth > limits_.depth) too_deep(mark);
    if (!open_.empty()) {
      open_.back().depth = std::max(open_.back().depth, it->second.depth + 1);
    }
    add(mark, it->second.value);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Value(Array{}));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Value(Map{}));
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Value value;
    YAML::anchor_t anchor = 0;
    std::string path;
    std::map<std::string, int> keys;  // of a map: key -> line
    std::optional<std::string> key;   // of a map: the key whose value comes next
    std::size_t depth = 1;            // of the deepest thing in it, itself included
  };
  struct Anchored {
    Value value;
    std::size_t nodes = 1;
    std::size_t depth = 0;
  };

  [[noreturn]] void too_deep(const YAML::Mark& mark) const {
    throw Refused{line_number(mark),
                  "nested deeper than " + std::to_string(limits_.depth) + " levels"};
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    for (const char* known : {"int", "float", "bool", "map", "seq"}) {
      if (tag == std::string(kCoreTag) + known) return;
    }
    throw Refused{line_number(mark), "the tag " + tag + " is not supported"};
  }

  void count(const YAML::Mark& mark, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ <= limits_.nodes) return;
    throw Refused{line_number(mark), "more than " + std::to_string(limits_.nodes) +
                                         " values, aliases counted as what they stand for"};
  }

  bool expects_key() const {
    return !open_.empty() && open_.back().value.as_map() != nullptr && !open_.back().key;
  }

  void scalar(const YAML::Mark& mark, YAML::anchor_t anchor, Value value, const std::string& text) {
    count(mark, 1);
    if (expects_key()) {
      take_key(mark, value.is_null() ? std::string() : text);
      return;
    }
    if (anchor != 0) anchors_[anchor] = {.value = value, .nodes = 1, .depth = 0};
    add(mark, std::move(value));
  }

  void take_key(const YAML::Mark& mark, const std::string& key) {
    if (key.empty()) throw Refused{line_number(mark), "a key is missing"};
    const auto [it, is_new] = open_.back().keys.emplace(key, line_number(mark));
    if (!is_new) {
      throw Refused{line_number(mark),
                    "duplicate key `" + key + "`, first on line " + std::to_string(it->second)};
    }
    open_.back().key = key;
    document_.lines[path_of_next()] = line_number(mark);
  }

  // Where the next value goes.
  std::string path_of_next() const {
    if (open_.empty()) return "";
    const Open& top = open_.back();
    if (const Array* list = top.value.as_array()) {
      return top.path + "[" + std::to_string(list->size()) + "]";
    }
    return top.path.empty() ? *top.key : top.path + "." + *top.key;
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Value value) {
    check_tag(mark, tag);
    count(mark, 1);
    if (expects_key()) throw Refused{line_number(mark), "a key has to be text, not a list or map"};
    if (open_.size() >= limits_.depth) too_deep(mark);
    std::string path = path_of_next();
    document_.lines.emplace(path, line_number(mark));
    open_.push_back({.value = std::move(value),
                     .anchor = anchor,
                     .path = std::move(path),
                     .keys = {},
                     .key = {},
                     .depth = 1});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    if (!open_.empty()) open_.back().depth = std::max(open_.back().depth, done.depth + 1);
    if (done.anchor != 0) {
      anchors_[done.anchor] = {
          .value = done.value, .nodes = count_nodes(done.value), .depth = done.depth};
    }
    place(std::move(done.value));
  }

  void add(const YAML::Mark& mark, Value value) {
    document_.lines.emplace(path_of_next(), line_number(mark));
    place(std::move(value));
  }

  void place(Value value) {
    if (open_.empty()) {
      document_.value = std::move(value);
      return;
    }
    Open& top = open_.back();
    if (Array* list = top.value.as_array()) {
      list->push_back(std::move(value));
    } else {
      top.value.as_map()->push_back({.key = std::move(*top.key), .value = std::move(value)});
      top.key.reset();
    }
  }

  const YamlLimits& limits_;
  std::vector<YamlDocument> documents_;
  YamlDocument document_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0;
};

Error at_line(int line, const std::string& why) {
  return invalid("line " + std::to_string(line) + ": " + why);
}

// The parser's words about a tab depend on where it stands; ours name the cause.
std::optional<int> line_with_tab(std::string_view text, int last_line) {
  int line = 1;
  std::optional<int> found;
  while (line <= last_line && !text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::size_t indentation = text.substr(0, end).find_first_not_of(" \t");
    const std::string_view blanks = text.substr(0, std::min(indentation, end));
    if (indentation != std::string_view::npos && blanks.find('\t') != std::string_view::npos) {
      found = line;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line;
  }
  return found;
}

std::optional<Error> check_text(std::string_view text) {
  int line = 1;
  for (const char c : text) {
    if (c == '\n') ++line;
    const bool is_control =
        static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r';
    if (is_control || c == 0x7f) return at_line(line, "a control character");
  }
  line = 1;
  for (std::string_view rest = text; !rest.empty(); ++line) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (!schema::is_valid_utf8(rest.substr(0, end))) return at_line(line, "text that is not UTF-8");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

}  // namespace

int YamlDocument::line_of(std::string_view path) const {
  while (!path.empty()) {
    const auto it = lines.find(std::string(path));
    if (it != lines.end()) return it->second;
    const std::size_t cut = path.find_last_of(".[");
    path = path.substr(0, cut == std::string_view::npos ? 0 : cut);
  }
  return line;
}

Result<std::vector<YamlDocument>> read_yaml(std::string_view text, const YamlLimits& limits) {
  if (text.size() > limits.bytes) {
    return invalid("the text has " + std::to_string(text.size()) + " bytes, at most " +
                   std::to_string(limits.bytes) + " are read");
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (auto fault = check_text(text)) return std::move(*fault);
  Builder builder(limits);
  try {
    std::string ended(text);
    // With a line end last, the library takes a quote that is never closed; a comment is harmless.
    if (text.ends_with('\n')) ended += '#';
    std::istringstream stream(ended);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refused& refused) {
    return at_line(refused.line, refused.why);
  } catch (const YAML::Exception& e) {
    const int line = line_number(e.mark);
    if (const auto tab = line_with_tab(text, line)) {
      return at_line(*tab, "indented with a tab; YAML takes spaces only");
    }
    if (e.msg == YAML::ErrorMsg::EOF_IN_SCALAR) return at_line(line, "a quote is never closed");
    return at_line(line, e.msg);
  }
  return builder.take();
}

}  // namespace cara::host
