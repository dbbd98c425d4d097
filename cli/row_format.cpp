#include "cli/row_format.h"

#include "cli/verb.h"
#include "schema/formats.h"
#include "schema/words.h"

namespace cara::cli {
namespace {

constexpr std::string_view kJsonPathWord = "jsonpath=";

const std::vector<std::pair<std::string, RowFormat::Kind>>& words() {
  using Kind = RowFormat::Kind;
  static const std::vector<std::pair<std::string, Kind>> kWords{{"table", Kind::kTable},
                                                                {"wide", Kind::kTable},
                                                                {"json", Kind::kJson},
                                                                {"yaml", Kind::kYaml},
                                                                {"name", Kind::kName}};
  return kWords;
}

Error unknown_format(const std::string& text) {
  if (text == "jsonpath") {
    return invalid("--output: jsonpath of what? Such as -o jsonpath='{.metadata.name}'");
  }
  std::vector<std::string> known{"jsonpath"};
  std::string all;
  for (const auto& [word, kind] : words()) {
    known.push_back(word);
    all += word + ", ";
  }
  return invalid("--output: `" + schema::printable(text) + "` is none of " + all + "jsonpath=EXPR" +
                 schema::hint_for(text.substr(0, text.find('=')), known));
}

}  // namespace

std::vector<host::FlagSpec> row_flags() {
  return {{.name = "output",
           .help = "table, wide, json, yaml, name or jsonpath=EXPR",
           .default_value = "table",
           .value_name = "FORMAT",
           .letter = "o"},
          switch_flag("watch", "Go on with what changes, until Ctrl-C", "w"),
          switch_flag("output-watch-events", "With -w: say ADDED, MODIFIED or DELETED"),
          switch_flag("no-headers", "Tables without their first line")};
}

Result<RowFormat> row_format_of(const host::Flags& flags) {
  RowFormat format{.path = {},
                   .no_headers = flags.enabled("no-headers"),
                   .show_changes = flags.enabled("watch") && flags.enabled("output-watch-events")};
  const std::string& text = flags.text("output");
  if (text.starts_with(kJsonPathWord)) {
    Result<JsonPath> path = JsonPath::parse(std::string_view(text).substr(kJsonPathWord.size()));
    if (!path) return path.error();
    format.kind = RowFormat::Kind::kJsonPath;
    format.path = std::move(*path);
    return format;
  }
  for (const auto& [word, kind] : words()) {
    if (text != word) continue;
    format.kind = kind;
    format.wide = word == "wide";
    return format;
  }
  return unknown_format(text);
}

}  // namespace cara::cli
