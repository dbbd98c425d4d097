// JSONPath as kubectl's `-o jsonpath=` has it
// (https://kubernetes.io/docs/reference/kubectl/jsonpath/), the part of it that is used: text and
// `{...}`, in which stand paths (`.a.b`, `['a.b']`, `[0]`,
// `[-1]`, `[1:3]`, `[*]`, `..a`, `[?(@.type=="Ready")]`), quoted text (`{"\n"}`) and
// `{range PATH}...{end}`. What is not there prints nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"
#include "schema/value.h"

namespace cara::cli {

class JsonPath {
 public:
  // kInvalid: what is wrong, and at which character of the text. Text without any `{` is one path.
  static Result<JsonPath> parse(std::string_view text);

  // Texts as they are, maps and lists as JSON; several with blanks between them. Control characters
  // of the object are escaped; newlines and tabs stay.
  std::string print(const Value& root) const;
  // What the paths of it lead to, in their order.
  std::vector<const Value*> find(const Value& root) const;

 private:
  struct Filter;
  struct Step {
    enum class Kind { kNames, kItems, kSlice, kAll, kBelow, kFilter };
    Kind kind = Kind::kNames;
    std::vector<std::string> names;
    std::vector<std::int64_t> items;               // negative: from the end
    std::optional<std::int64_t> from, to, stride;  // kSlice
    std::vector<Filter> filter;                    // kFilter: one
  };
  struct Path {
    bool of_root = false;  // `$`: not of what `range` is at
    std::vector<Step> steps;
  };
  struct Node {
    enum class Kind { kText, kPath, kRange };
    Kind kind = Kind::kText;
    std::string text;
    Path path;
    std::vector<Node> inside;  // kRange
  };
  struct Filter {
    enum class Is { kThere, kEqual, kDiffers, kLess, kMore, kAtMost, kAtLeast };
    Path left;
    Is is = Is::kThere;
    Value literal;
    std::optional<Path> right;  // instead of the literal
  };
  struct At {
    const Value& root;
    const Value& here;
  };
  using Found = std::vector<const Value*>;
  friend class JsonPathParser;

  static Found walk(const Path& path, const At& at);
  static void step(const Step& step, const Value& from, const At& at, Found& found);
  static void step_list(const Step& step, const Array& list, const At& at, Found& found);
  static bool holds(const Filter& filter, const At& at);
  static void print(const std::vector<Node>& nodes, const At& at, std::string& out);

  std::vector<Node> nodes_;
};

}  // namespace cara::cli
