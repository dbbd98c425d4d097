// Plays every transcript: commands, then what they print below `----`, then an empty line.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/catch_compat.h"
#include "tests/scenarios/scenario.h"

namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The transcript as it comes out when its commands are played.
std::string play(const std::string& transcript) {
  cara::sim::Scenario scenario;
  std::istringstream lines(transcript);
  std::string out;
  bool in_output = false;
  for (std::string line; std::getline(lines, line);) {
    if (in_output) {
      if (line.empty()) in_output = false;
      continue;
    }
    if (line.empty()) continue;
    if (line == "----") {
      in_output = true;
      continue;
    }
    out += line + "\n";
    if (line.starts_with("#")) continue;
    out += "----\n" + scenario.run(line) + "\n";
  }
  return out;
}

std::vector<fs::path> transcripts() {
  std::vector<fs::path> paths;
  const fs::path folder = fs::path(CARA_SOURCE_DIR) / "tests/scenarios/transcripts";
  for (const auto& entry : fs::directory_iterator(folder)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

TEST_CASE("the transcripts play as written") {
  const auto paths = transcripts();
  REQUIRE(!paths.empty());
  for (const fs::path& path : paths) {
    const std::string written = read(path);
    const std::string played = play(written);
    INFO(path.filename().string());
    if (std::getenv("CARA_REWRITE") != nullptr) {
      std::ofstream(path) << played;
    } else {
      CHECK(played == written);
    }
  }
}
