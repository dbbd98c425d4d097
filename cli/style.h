// What a terminal gets and a pipe or file does not: colours, and things that move.
#pragma once

#include <string>
#include <string_view>

#include "cli/context.h"

namespace cara::cli {

enum class Stream { kIn, kOut, kErr };

// For questions, tables that repaint, spinners. True without colours, too, but for TERM=dumb.
bool is_terminal(const Context& context, Stream stream);
// A terminal, and neither NO_COLOR (no-color.org: set and not empty) nor TERM=dumb.
bool has_colours(const Context& context, Stream stream);

enum class Colour { kRed, kGreen, kYellow, kBlue, kMagenta, kCyan, kGrey, kBold };

// Text in a colour, or as it is. Escape what others wrote (schema::printable) before.
class Style {
 public:
  explicit Style(bool coloured) : coloured_(coloured) {}
  Style(const Context& context, Stream stream) : Style(has_colours(context, stream)) {}

  bool coloured() const { return coloured_; }
  std::string paint(Colour colour, std::string_view text) const;
  // Another one for each number, over and over: the services of a project, say.
  std::string paint_nth(std::size_t number, std::string_view text) const;

 private:
  bool coloured_;
};

}  // namespace cara::cli
