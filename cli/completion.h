// What may stand where the cursor is: behind the scripts that `caractrl completion` prints. Never
// an error on the terminal: what cannot be found out is not offered.
#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace cara::cli {

// The hidden command behind which the words stand that are to be completed.
inline constexpr const char* kCompleteWord = "__complete";

struct Offer {
  std::string word;
  std::string help;  // one line, or empty
};

struct Offers {
  std::vector<Offer> words;
  bool files = false;  // the shell completes file names
};

// `words` are those behind `caractrl`, up to the one with the cursor; that may be empty.
Offers complete(Context& context, const std::vector<std::string>& words);

// `caractrl __complete -- WORDS...`: a line `files` or `words`, then `word<TAB>help` lines.
Exit run_complete(Context& context, std::vector<std::string> words);

}  // namespace cara::cli
