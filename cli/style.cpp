#include "cli/style.h"

#include <array>

namespace cara::cli {
namespace {

std::string_view code_of(Colour colour) {
  switch (colour) {
    case Colour::kRed:
      return "31";
    case Colour::kGreen:
      return "32";
    case Colour::kYellow:
      return "33";
    case Colour::kBlue:
      return "34";
    case Colour::kMagenta:
      return "35";
    case Colour::kCyan:
      return "36";
    case Colour::kGrey:
      return "90";
    case Colour::kBold:
      return "1";
  }
  CARA_CHECK(false);
}

}  // namespace

bool is_terminal(const Context& context, Stream stream) {
  return context.is_terminal && context.environment("TERM").value_or("") != "dumb" &&
         context.is_terminal(static_cast<int>(stream));
}

bool has_colours(const Context& context, Stream stream) {
  return context.environment("NO_COLOR").value_or("").empty() && is_terminal(context, stream);
}

std::string Style::paint(Colour colour, std::string_view text) const {
  if (!coloured_ || text.empty()) return std::string(text);
  return "\x1b[" + std::string(code_of(colour)) + "m" + std::string(text) + "\x1b[0m";
}

std::string Style::paint_nth(std::size_t number, std::string_view text) const {
  constexpr std::array kRound{Colour::kCyan,    Colour::kYellow, Colour::kGreen,
                              Colour::kMagenta, Colour::kBlue,   Colour::kRed};
  return paint(kRound[number % kRound.size()], text);
}

}  // namespace cara::cli
