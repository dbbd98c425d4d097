#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;

namespace {

// An editor that runs these commands of the shell, with the file as $1; `calls` counts its starts.
void set_editor(CliBench& bench, const std::string& commands) {
  const std::string path =
      bench.file("editor",
                 "#!/bin/sh\ndir=$(dirname \"$0\")\necho x >>\"$dir/calls\"\ncp \"$1\" "
                 "\"$dir/seen.$(wc -l <\"$dir/calls\")\"\necho \"$1\" >\"$dir/path\"\n" +
                     commands);
  chmod(path.c_str(), 0700);
  bench.environment["EDITOR"] = path;
}

std::string content(const CliBench& bench, const std::string& name) {
  std::ifstream file(bench.folder() + "/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string image_of(CliBench& bench) { return bench.api.projects["shop"].spec.services[0].image; }

bool file_is_left(const CliBench& bench) {
  std::string path = content(bench, "path");
  while (path.ends_with('\n')) path.pop_back();
  const bool left = std::filesystem::exists(path);
  if (left) std::filesystem::remove(path);
  return left;
}

}  // namespace

TEST_CASE("edit applies what the editor leaves") {
  CliBench bench;
  bench.api.add("shop");
  set_editor(bench, "sed -i s/busybox:1/busybox:2/ \"$1\"\n");
  const Seen seen = bench.run({"edit", "project", "shop"});
  CHECK(seen.out == "project/shop edited\n");
  CHECK(seen.err.empty());
  CHECK(seen.exit == kDone);
  CHECK(image_of(bench) == "busybox:2");
  CHECK(contains_text(content(bench, "seen.1"), "# Change project/shop below"));
  CHECK(contains_text(content(bench, "seen.1"), "\nkind: Project\n"));
  CHECK(!file_is_left(bench));
}

TEST_CASE("edit without a change, or of everything away, changes nothing") {
  CliBench bench;
  bench.api.add("shop");
  set_editor(bench, "");
  const Seen same = bench.run({"edit", "project/shop"});
  CHECK(same.out == "Edit cancelled, no changes made.\n");
  CHECK(same.exit == kDone);
  set_editor(bench, ": >\"$1\"\n");
  const Seen empty = bench.run({"edit", "shop"});
  CHECK(empty.err == "Edit cancelled, saved file was empty.\n");
  CHECK(empty.exit == kRefused);
  CHECK(!file_is_left(bench));
  CHECK(bench.api.request_ids.empty());
}

TEST_CASE("what is wrong is written into the file, and it is edited again") {
  CliBench bench;
  bench.api.add("shop");
  set_editor(bench,
             "if [ \"$(wc -l <\"$dir/calls\")\" = 1 ]; then sed -i s/image:/imgae:/ \"$1\"\n"
             "else sed -i 's/imgae: busybox:1/image: busybox:3/' \"$1\"; fi\n");
  const Seen seen = bench.run({"edit", "project", "shop"});
  CHECK(seen.out == "project/shop edited\n");
  CHECK(image_of(bench) == "busybox:3");
  const std::string second = content(bench, "seen.2");
  CHECK(contains_text(second, "did you mean `image`?"));
  // The line that it names is the one of this very file.
  const std::size_t at = second.rfind("# line ", second.find("did you mean"));
  REQUIRE(at != std::string::npos);
  const int line = std::stoi(second.substr(at + 7));
  std::istringstream lines(second);
  std::string text;
  for (int i = 0; i < line; ++i) std::getline(lines, text);
  CHECK(contains_text(text, "imgae:"));
}

TEST_CASE("an edit that stays wrong is given up, and kept in a file") {
  CliBench bench;
  bench.api.add("shop");
  set_editor(bench, "sed -i s/image:/imgae:/ \"$1\"\n");
  const Seen seen = bench.run({"edit", "project", "shop"});
  CHECK(contains_text(seen.err, "Edit cancelled, no valid changes were saved.\n"));
  CHECK(contains_text(seen.err, "A copy of your changes is in "));
  CHECK(seen.exit == kRefused);
  CHECK(content(bench, "calls") == "x\nx\n");
  CHECK(file_is_left(bench));
  CHECK(image_of(bench) == "busybox:1");
}

TEST_CASE("a project keeps its name in an edit") {
  CliBench bench;
  bench.api.add("shop");
  set_editor(bench, "sed -i s/name:.shop/name:\\ other/ \"$1\"\n");
  const Seen seen = bench.run({"edit", "project", "shop"});
  CHECK(contains_text(seen.err, "metadata.name: a project keeps its name, `shop`"));
  CHECK(!bench.api.projects.contains("other"));
  file_is_left(bench);
}

TEST_CASE("an edit of what was changed meanwhile is refused; what its node said is no change") {
  CliBench bench;
  bench.api.add("shop");
  set_editor(bench, "sed -i s/busybox:1/busybox:2/ \"$1\"\n");
  bench.api.before_apply = [](FakeApi& api) { ++api.projects["shop"].metadata.revision; };
  CHECK(bench.run({"edit", "project", "shop"}).out == "project/shop edited\n");
  set_editor(bench, "sed -i s/busybox:2/busybox:3/ \"$1\"\n");
  bench.api.before_apply = [](FakeApi& api) {
    ++api.projects["shop"].metadata.revision;
    api.projects["shop"].spec.services[0].image = "busybox:9";
  };
  const Seen seen = bench.run({"edit", "project", "shop"});
  CHECK(contains_text(seen.err, "error: project/shop has changed\n"));
  CHECK(contains_text(seen.err, "A copy of your changes is in "));
  CHECK(seen.exit == kRefused);
  CHECK(image_of(bench) == "busybox:9");
  CHECK(file_is_left(bench));
}

TEST_CASE("an editor that fails, and a project that is not there") {
  CliBench bench;
  bench.api.add("shop");
  bench.environment["VISUAL"] = "false";
  const Seen seen = bench.run({"edit", "project", "shop"});
  CHECK(seen.err ==
        "error: the editor `false` ended with exit code 1; set EDITOR to another one\n");
  CHECK(seen.exit == kRefused);
  CHECK(bench.run({"edit", "project", "none"}).err == "error: project \"none\" not found\n");
  CHECK(bench.run({"edit"}).exit == kBadInput);
  CHECK(bench.run({"edit", "shop", "blog"}).exit == kBadInput);
}
