#include <sstream>

#include "cli/style.h"
#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;

namespace {

// What a terminal with these variables gets.
std::string painted(std::map<std::string, std::string> environment, bool terminal = true) {
  std::istringstream in;
  std::ostringstream out;
  const Context context{.in = in,
                        .out = out,
                        .err = out,
                        .environment = [&](const std::string& name) -> std::optional<std::string> {
                          const auto found = environment.find(name);
                          if (found == environment.end()) return std::nullopt;
                          return found->second;
                        },
                        .is_terminal = [&](int fd) { return terminal && fd == 1; }};
  CHECK_FALSE(is_terminal(context, Stream::kErr));
  return Style(context, Stream::kOut).paint(Colour::kRed, "x");
}

}  // namespace

TEST_CASE("colours are for terminals that have them, and for nobody with NO_COLOR") {
  CHECK(painted({{"TERM", "xterm"}}) == "\x1b[31mx\x1b[0m");
  CHECK(painted({{"TERM", "xterm"}}, false) == "x");
  CHECK(painted({{"TERM", "dumb"}}) == "x");
  CHECK(painted({{"TERM", "xterm"}, {"NO_COLOR", "1"}}) == "x");
  CHECK(painted({{"NO_COLOR", ""}}) == "\x1b[31mx\x1b[0m");  // no-color.org: when not empty
}

TEST_CASE("neighbours have different colours, nothing has none") {
  const Style style(true);
  CHECK(style.paint_nth(0, "a") != style.paint_nth(1, "a"));
  CHECK(style.paint_nth(0, "a") == style.paint_nth(6, "a"));
  CHECK(style.paint(Colour::kBold, "").empty());
  CHECK(Style(false).paint_nth(3, "a") == "a");
}
