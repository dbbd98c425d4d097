// What is shown while a command waits: on a terminal a few lines that are drawn over and over, with
// something that turns; elsewhere a line whenever there is something new. On standard error.
#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace cara::cli {

class LiveLines {
 public:
  explicit LiveLines(Context& context);
  ~LiveLines() { clear(); }
  LiveLines(const LiveLines&) = delete;
  LiveLines& operator=(const LiveLines&) = delete;

  bool moves() const { return moves_; }

  // A terminal: `head` with the spinner, and lines below it. Elsewhere: `head`, if it is another
  // one than before.
  void show(const std::string& head, const std::vector<std::string>& below);
  // Something happened: a line that stays.
  void tell(const std::string& line);
  void clear();  // what was drawn goes

 private:
  std::string fitted(const std::string& line) const;

  Context& context_;
  const bool moves_;
  std::size_t width_;
  std::size_t drawn_ = 0;  // lines
  std::size_t turn_ = 0;
  std::string last_;
};

}  // namespace cara::cli
