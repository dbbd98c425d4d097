// CliBench: caractrl without a terminal and a bus. Commands get a small control plane in memory,
// and what they print is text to compare.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/verb.h"
#include "tests/unit/cli_fake_api.h"

namespace cara::cli::test {

// What a user sees of one command.
struct Seen {
  int exit = 0;
  std::string out;
  std::string err;
};

class CliBench {
 public:
  FakeApi api;
  std::map<std::string, std::string> environment;
  std::optional<Connection> connection;  // of the last command that wanted one
  std::optional<Error> no_connection;
  bool interrupted = false;
  std::set<int> terminals;  // file descriptors

  CliBench();
  ~CliBench();
  CliBench(const CliBench&) = delete;
  CliBench& operator=(const CliBench&) = delete;

  Seen run(const std::vector<std::string>& words, const std::string& input = "");

  // Its path.
  std::string file(const std::string& name, const std::string& text);
  std::string folder() const { return folder_.string(); }

 private:
  static std::string unique();
  // Messages name files of this bench by their names alone.
  std::string shortened(std::string text) const;

  const std::filesystem::path folder_;
  int ids_ = 0;
};

bool contains_text(const std::string& text, const std::string& part);

// A manifest of one service, below whose entry `more` is added with its own indentation.
std::string manifest(const std::string& name, const std::string& more = "");

}  // namespace cara::cli::test
