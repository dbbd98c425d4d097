#include "cli/selector.h"

#include <algorithm>
#include <optional>

#include "schema/formats.h"

namespace cara::cli {
namespace {

using Operator = Selector::Operator;
using Requirement = Selector::Requirement;

// Reads the text from left to right; the first thing wrong ends it.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Selector> parse() {
    std::vector<Requirement> requirements;
    skip_blanks();
    if (at_end()) return Selector{};
    while (true) {
      Result<Requirement> next = requirement();
      if (!next) return next.error();
      requirements.push_back(std::move(*next));
      skip_blanks();
      if (at_end()) return Selector(std::move(requirements));
      if (!take(",")) return wrong("expected `,` before `" + rest() + "`");
    }
  }

 private:
  Result<Requirement> requirement() {
    skip_blanks();
    const bool absent = take("!");
    skip_blanks();
    Requirement made{.key = word(), .is = absent ? Operator::kAbsent : Operator::kExists};
    if (made.key.empty()) return wrong("expected a label's name " + before_rest());
    if (const auto bad = schema::check_format(schema::Format::kLabelKey, made.key)) {
      return wrong("label `" + schema::printable(made.key) + "`: " + *bad);
    }
    skip_blanks();
    if (absent || at_end() || text_[at_] == ',') return made;
    const bool differs = take("!=");
    if (differs || take("==") || take("=")) {
      made.is = differs ? Operator::kNotIn : Operator::kIn;
      skip_blanks();
      made.values.push_back(word());
      return checked(std::move(made));
    }
    const std::string name = word();
    if (name != "in" && name != "notin") {
      return wrong("expected =, !=, in or notin behind `" + made.key + "`, not `" +
                   schema::printable(name.empty() ? rest() : name) + "`");
    }
    made.is = name == "in" ? Operator::kIn : Operator::kNotIn;
    if (const auto bad = set(made.values)) return *bad;
    return checked(std::move(made));
  }

  std::optional<Error> set(std::vector<std::string>& values) {
    skip_blanks();
    if (!take("(")) return wrong("expected `(` " + before_rest());
    while (true) {
      skip_blanks();
      values.push_back(word());
      skip_blanks();
      if (take(")")) return std::nullopt;
      if (!take(",")) return wrong("expected `,` or `)` " + before_rest());
    }
  }

  Result<Requirement> checked(Requirement made) const {
    for (const std::string& value : made.values) {
      const auto bad = schema::check_format(schema::Format::kLabelValue, value);
      if (bad) return wrong("value `" + schema::printable(value) + "`: " + *bad);
    }
    return made;
  }

  std::string word() {
    const std::size_t end = std::min(text_.find_first_of(" \t,=!()", at_), text_.size());
    std::string found(text_.substr(at_, end - at_));
    at_ = end;
    return found;
  }

  bool take(std::string_view token) {
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  void skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t", at_), text_.size()); }
  bool at_end() const { return at_ == text_.size(); }
  std::string rest() const { return schema::printable(text_.substr(at_)); }
  std::string before_rest() const { return at_end() ? "at the end" : "before `" + rest() + "`"; }
  Error wrong(const std::string& what) const {
    return invalid("selector `" + schema::printable(text_) + "`: " + what);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool holds(const Requirement& wanted, const std::map<std::string, std::string>& labels) {
  const auto found = labels.find(wanted.key);
  const bool there = found != labels.end();
  const auto among = [&] {
    return std::find(wanted.values.begin(), wanted.values.end(), found->second) !=
           wanted.values.end();
  };
  switch (wanted.is) {
    case Operator::kExists:
      return there;
    case Operator::kAbsent:
      return !there;
    case Operator::kIn:
      return there && among();
    case Operator::kNotIn:
      return !there || !among();
  }
  CARA_CHECK(false);
}

}  // namespace

bool Selector::matches(const std::map<std::string, std::string>& labels) const {
  return std::all_of(requirements_.begin(), requirements_.end(),
                     [&](const Requirement& wanted) { return holds(wanted, labels); });
}

Result<Selector> parse_selector(std::string_view text) { return Parser(text).parse(); }

}  // namespace cara::cli
