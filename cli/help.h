// What --help and the manual page are made of: one table of verbs, in groups.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/verb.h"

namespace cara::cli {

struct HelpGroup {
  std::string_view title;
  std::vector<const Verb*> verbs;
};
// Every verb of verbs() is in one of them.
std::vector<HelpGroup> help_groups();

// `-o, --output FORMAT`
std::string flag_heading(const host::FlagSpec& flag);
// `(default table) [CARA_OUTPUT]`, or empty.
std::string flag_footnote(const host::FlagSpec& flag);
// Those of every command, --help among them.
std::vector<host::FlagSpec> global_flags();

struct ExitText {
  int code;
  std::string_view text;
};
const std::vector<ExitText>& exit_texts();

}  // namespace cara::cli
