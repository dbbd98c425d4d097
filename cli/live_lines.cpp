#include "cli/live_lines.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>

#include "cli/style.h"

namespace cara::cli {
namespace {

constexpr std::size_t kUsualWidth = 80;
constexpr std::array<std::string_view, 10> kTurns{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
constexpr std::size_t kMaxBelow = 20;

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsualWidth;
  return size.ws_col;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

LiveLines::LiveLines(Context& context)
    : context_(context), moves_(is_terminal(context, Stream::kErr)), width_(kUsualWidth) {}

// A line that wraps would be two, and the next ones would be drawn at the wrong place.
std::string LiveLines::fitted(const std::string& line) const {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (!is_continuation(line[i]) && ++columns == width_) return line.substr(0, i);
  }
  return line;
}

void LiveLines::show(const std::string& head, const std::vector<std::string>& below) {
  if (!moves_) {
    if (head != last_) context_.err << head << std::endl;
    last_ = head;
    return;
  }
  width_ = terminal_width();
  clear();
  const Style style(context_, Stream::kErr);
  const std::string turn(kTurns[turn_++ % kTurns.size()]);
  std::string text = style.paint(Colour::kCyan, turn) + fitted("  " + head).substr(1) + "\n";
  drawn_ = 1;
  for (const std::string& line : below) {
    if (drawn_ > kMaxBelow) break;
    text += fitted("    " + line) + "\n";
    ++drawn_;
  }
  context_.err << text << std::flush;
}

void LiveLines::tell(const std::string& line) {
  clear();
  context_.err << line << std::endl;
}

void LiveLines::clear() {
  if (drawn_ == 0) return;
  // Up to the first of them, and everything below goes.
  context_.err << "\x1b[" + std::to_string(drawn_) + "A\r\x1b[J" << std::flush;
  drawn_ = 0;
}

}  // namespace cara::cli
