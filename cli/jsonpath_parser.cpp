// The text of a JSONPath template, read from left to right; the first thing wrong ends it.
#include <charconv>

#include "cli/jsonpath.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

constexpr std::size_t kMaxDepth = 16;  // of ranges in ranges, filters in filters

}  // namespace

class JsonPathParser {
 public:
  using Step = JsonPath::Step;
  using Path = JsonPath::Path;
  using Node = JsonPath::Node;
  using Filter = JsonPath::Filter;

  explicit JsonPathParser(std::string_view text) : text_(text) {}

  Result<JsonPath> parse() {
    JsonPath made;
    if (text_.find('{') == std::string_view::npos) {
      made.nodes_.push_back({.kind = Node::Kind::kPath, .text = "", .path = path(), .inside = {}});
      if (!at_end()) fail("expected `.` or `[`");
    } else {
      made.nodes_ = nodes(0);
    }
    if (error_) return *error_;
    return made;
  }

 private:
  // Up to the end of the text, or of the range.
  std::vector<Node> nodes(std::size_t depth) {
    std::vector<Node> all;
    while (!at_end() && !error_) {
      const std::size_t open = std::min(text_.find('{', at_), text_.size());
      if (open > at_) all.push_back(text_node(std::string(text_.substr(at_, open - at_))));
      at_ = open;
      if (at_end()) break;
      const std::size_t began = at_;
      take("{");
      skip_blanks();
      if (take_word("end")) {
        expect("}");
        if (depth == 0) fail_at(began, "`{end}` without a `{range ...}` before it");
        return all;
      }
      if (take_word("range")) {
        all.push_back(range(began, depth));
      } else {
        braces(began, all);
      }
    }
    if (depth > 0) fail_at(text_.size(), "`{end}` is missing");
    return all;
  }

  Node range(std::size_t began, std::size_t depth) {
    if (depth >= kMaxDepth) fail_at(began, "too many ranges in ranges");
    skip_blanks();
    Node node{.kind = Node::Kind::kRange, .text = "", .path = path(), .inside = {}};
    skip_blanks();
    expect("}");
    if (!error_) node.inside = nodes(depth + 1);
    return node;
  }

  // Paths and quoted texts, behind the brace.
  void braces(std::size_t began, std::vector<Node>& all) {
    skip_blanks();
    if (peek() == '}') return fail_at(began, "nothing stands between `{` and `}`");
    while (!error_ && !take("}")) {
      if (at_end()) return fail_at(began, "this `{` has no `}`");
      if (peek() == '"' || peek() == '\'') {
        all.push_back(text_node(quoted()));
      } else {
        all.push_back({.kind = Node::Kind::kPath, .text = "", .path = path(), .inside = {}});
      }
      skip_blanks();
    }
  }

  static Node text_node(std::string text) {
    return {.kind = Node::Kind::kText, .text = std::move(text), .path = {}, .inside = {}};
  }

  Path path() {
    Path made;
    const std::size_t began = at_;
    if (take("$")) {
      made.of_root = true;
    } else {
      take("@");
    }
    while (!error_ && !at_end()) {
      if (take("..")) {
        made.steps.push_back({.kind = Step::Kind::kBelow, .names = {name()}});
      } else if (peek() == '.') {
        take(".");
        // `{.}` is all of it.
        if (at_end() || peek() == '}' || peek() == ' ' || peek() == '[') continue;
        if (take("*")) {
          made.steps.push_back({.kind = Step::Kind::kAll, .names = {}});
        } else {
          made.steps.push_back({.kind = Step::Kind::kNames, .names = {name()}});
        }
      } else if (take("[")) {
        made.steps.push_back(brackets());
      } else {
        break;
      }
    }
    if (at_ == began) {
      // `metadata.name`, as people write a path that is alone.
      const std::string first = name();
      if (!error_ && made.steps.empty()) {
        made = path_behind(first);
      }
    }
    return made;
  }

  Path path_behind(const std::string& first) {
    Path made = at_end() || (peek() != '.' && peek() != '[') ? Path{} : path();
    made.steps.insert(made.steps.begin(), {.kind = Step::Kind::kNames, .names = {first}});
    return made;
  }

  // A name behind a dot; `\.` is a dot of the name.
  std::string name() {
    const std::size_t began = at_;
    std::string made;
    while (!at_end()) {
      const char c = text_[at_];
      if (c == '\\' && at_ + 1 < text_.size()) {
        made += text_[at_ + 1];
        at_ += 2;
        continue;
      }
      if (std::string_view(" .[]{}()=!<>&|?*,'\"$@:").find(c) != std::string_view::npos) break;
      made += c;
      ++at_;
    }
    if (made.empty()) fail_at(began, "expected a name" + before());
    return made;
  }

  // Behind `[`, and the `]`.
  Step brackets() {
    skip_blanks();
    Step made;
    if (take("*")) {
      made.kind = Step::Kind::kAll;
    } else if (take("?")) {
      made.kind = Step::Kind::kFilter;
      made.filter.push_back(filter());
    } else if (peek() == '\'' || peek() == '"') {
      do {
        skip_blanks();
        made.names.push_back(quoted());
        skip_blanks();
      } while (!error_ && take(","));
    } else {
      numbers(made);
    }
    skip_blanks();
    expect("]");
    return made;
  }

  // `0`, `-1`, `0,2`, `1:3`, `:2`, `::2`
  void numbers(Step& made) {
    made.kind = Step::Kind::kItems;
    const std::optional<std::int64_t> first = number();
    if (peek() != ':') {
      if (!first) return fail("expected a number, `*`, `?(...)` or a quoted name" + before());
      made.items.push_back(*first);
      while (take(",")) {
        skip_blanks();
        const auto next = number();
        if (!next) return fail("expected a number" + before());
        made.items.push_back(*next);
      }
      return;
    }
    made.kind = Step::Kind::kSlice;
    made.from = first;
    take(":");
    made.to = number();
    if (!take(":")) return;
    made.stride = number();
    if (made.stride && *made.stride < 1) fail("a step must be 1 or more");
  }

  std::optional<std::int64_t> number() {
    std::int64_t value = 0;
    const char* begin = text_.data() + at_;
    const auto [end, failed] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (failed != std::errc()) return std::nullopt;
    at_ += static_cast<std::size_t>(end - begin);
    return value;
  }

  // `(@.type=="Ready")`
  Filter filter() {
    Filter made;
    if (++filters_ > kMaxDepth) fail("too many filters");
    expect("(");
    skip_blanks();
    made.left = path();
    skip_blanks();
    static constexpr std::pair<std::string_view, Filter::Is> kWords[] = {
        {"==", Filter::Is::kEqual},   {"!=", Filter::Is::kDiffers}, {"<=", Filter::Is::kAtMost},
        {">=", Filter::Is::kAtLeast}, {"<", Filter::Is::kLess},     {">", Filter::Is::kMore}};
    for (const auto& [word, is] : kWords) {
      if (made.is == Filter::Is::kThere && take(word)) made.is = is;
    }
    skip_blanks();
    if (made.is != Filter::Is::kThere) operand(made);
    skip_blanks();
    if (!error_ && peek() != ')') {
      fail(made.is == Filter::Is::kThere ? "expected ==, !=, <, <=, >, >= or `)`" + before()
                                         : "expected `)`" + before());
    }
    expect(")");
    return made;
  }

  void operand(Filter& made) {
    if (peek() == '"' || peek() == '\'') {
      made.literal = Value(quoted());
    } else if (peek() == '@' || peek() == '$') {
      made.right = path();
    } else if (take_word("true")) {
      made.literal = Value(true);
    } else if (take_word("false")) {
      made.literal = Value(false);
    } else if (const auto value = number()) {
      made.literal = Value(*value);
    } else {
      fail("expected a number, true, false or quoted text" + before());
    }
  }

  std::string quoted() {
    const std::size_t began = at_;
    const char mark = peek();
    std::string made;
    if (mark != '"' && mark != '\'') {
      fail("expected quoted text" + before());
      return made;
    }
    for (++at_; !at_end(); ++at_) {
      if (text_[at_] == mark) {
        ++at_;
        return made;
      }
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        const char c = text_[++at_];
        made += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
      } else {
        made += text_[at_];
      }
    }
    fail_at(began, "this quote is not closed");
    return made;
  }

  char peek() const { return at_end() ? '\0' : text_[at_]; }
  bool at_end() const { return at_ >= text_.size(); }
  void skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t\n", at_), text_.size()); }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  // Not as the beginning of a longer one.
  bool take_word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    const std::size_t end = at_ + word.size();
    if (end < text_.size() && std::string_view(" })]").find(text_[end]) == std::string_view::npos) {
      return false;
    }
    at_ = end;
    return true;
  }
  void expect(std::string_view word) {
    if (!error_ && !take(word)) fail("expected `" + std::string(word) + "`" + before());
  }
  std::string before() const {
    return at_end() ? " at the end" : " before `" + schema::printable(text_.substr(at_), 32) + "`";
  }
  void fail(const std::string& what) { fail_at(at_, what); }
  void fail_at(std::size_t at, const std::string& what) {
    if (error_) return;
    error_ = invalid("jsonpath `" + schema::printable(text_) + "`, character " +
                     std::to_string(at + 1) + ": " + what);
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::size_t filters_ = 0;
  std::optional<Error> error_;
};

Result<JsonPath> JsonPath::parse(std::string_view text) { return JsonPathParser(text).parse(); }

}  // namespace cara::cli
