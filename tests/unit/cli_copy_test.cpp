#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "cli/pack.h"
#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;
namespace fs = std::filesystem;

namespace {

struct Item {
  TarEntry entry;
  std::string bytes = {};
};
Item file(const std::string& name, const std::string& bytes, unsigned mode = 0644) {
  return {{.name = name, .size = static_cast<std::int64_t>(bytes.size()), .mode = mode}, bytes};
}
Item folder(const std::string& name, unsigned mode = 0755) {
  return {{.name = name, .type = TarEntry::Type::kFolder, .mode = mode}};
}
Item link_to(const std::string& name, const std::string& target) {
  return {{.name = name, .type = TarEntry::Type::kSymlink, .target = target}};
}

std::string tar_of(const std::vector<Item>& items) {
  std::string tar;
  TarWriter writer([&](std::string_view bytes) -> Result<Ok> {
    tar += bytes;
    return Ok{};
  });
  for (const Item& item : items) {
    REQUIRE(writer.add(item.entry).ok());
    if (!item.bytes.empty()) REQUIRE(writer.data(item.bytes).ok());
  }
  REQUIRE(writer.finish().ok());
  return tar;
}

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct World : CliBench {
  World() { api.add("shop", schema::Phase::kRunning); }

  // Every download is this archive, in pieces.
  void serves(std::string tar) {
    api.agents.on_open = [this, tar = std::move(tar)](
                             std::int64_t number, const FakeStreams::Opened& opened) -> Result<Ok> {
      if (opened.request.copy->upload) return Ok{};
      for (std::size_t at = 0; at < tar.size(); at += 1000) {
        api.agents.say(number, tar.substr(at, 1000));
      }
      api.agents.end(number);
      return Ok{};
    };
  }
  // What is uploaded, as names with their contents.
  std::map<std::string, std::string> uploaded;
  schema::CopyOptions asked;
  void takes(std::function<Result<std::string>(const std::string& path)> download) {
    api.agents.on_open = [this, download](std::int64_t number,
                                          const FakeStreams::Opened& opened) -> Result<Ok> {
      asked = *opened.request.copy;
      if (asked.upload) return Ok{};
      const auto tar = download(asked.path);
      if (!tar) {
        api.agents.fail(number, tar.error());
      } else {
        api.agents.say(number, *tar);
        api.agents.end(number);
      }
      return Ok{};
    };
    api.agents.on_idle = [this] { receive(); };
  }
  void receive() {
    const auto number = static_cast<std::int64_t>(api.agents.opened.size());
    host::Endpoint* endpoint = api.agents.opened.back().endpoint.get();
    if (endpoint == nullptr) return;
    while (true) {
      auto read = endpoint->read(65'536);
      if (read.status == host::Endpoint::Read::kAgain) return;
      if (read.status == host::Endpoint::Read::kData) {
        tar_ += read.data;
        continue;
      }
      list();
      api.agents.end(number);
      return;
    }
  }

 private:
  std::string tar_;
  void list() {
    bool given = false;
    TarReader reader(
        [&]() -> Result<std::string> { return std::exchange(given, true) ? std::string() : tar_; });
    while (true) {
      auto entry = reader.next();
      REQUIRE(entry.ok());
      if (!*entry) return;
      std::string bytes;
      while (true) {
        const auto piece = reader.data();
        REQUIRE(piece.ok());
        if (piece->empty()) break;
        bytes += *piece;
      }
      uploaded[(*entry)->name] = (*entry)->target + bytes;
    }
  }
};

}  // namespace

TEST_CASE("cp of a file out: to a new name, into a folder, over another one") {
  World world;
  world.serves(tar_of({file("conf", "hello", 0640)}));
  const std::string there = world.folder();
  CHECK(world.run({"cp", "shop:/etc/conf", there + "/new"}).exit == kDone);
  CHECK(text_of(there + "/new") == "hello");
  CHECK((fs::status(there + "/new").permissions() & fs::perms::mask) == fs::perms(0640));
  CHECK(world.run({"cp", "shop/app:/etc/conf", there}).exit == kDone);
  CHECK(text_of(there + "/conf") == "hello");
  world.file("old", "before");
  CHECK(world.run({"cp", "shop:/etc/conf", there + "/old"}).exit == kDone);
  CHECK(text_of(there + "/old") == "hello");
  const Seen no_folder = world.run({"cp", "shop:/etc/conf", there + "/nix/"});
  CHECK(no_folder.err == "error: nix/: there is no such folder\n");
  CHECK(world.run({"cp", "shop:/etc/conf", there + "/nix/x"}).exit == kRefused);
  CHECK(world.api.agents.opened.back().request.copy->path == "/etc/conf");
}

TEST_CASE("cp of a folder out: its name, a new name, or what is in it") {
  World world;
  world.serves(tar_of({folder("site", 0500), file("site/a", "A", 0444), folder("site/sub"),
                       file("site/sub/b", "B"), link_to("site/link", "sub/b")}));
  const fs::path there = world.folder();
  CHECK(world.run({"cp", "shop:/srv/site", there.string()}).err.empty());
  CHECK(text_of(there / "site/sub/b") == "B");
  CHECK((fs::status(there / "site").permissions() & fs::perms::mask) == fs::perms(0500));
  CHECK(fs::read_symlink(there / "site/link") == "sub/b");
  CHECK(world.run({"cp", "shop:/srv/site", there / "copy"}).exit == kDone);
  CHECK(text_of(there / "copy/a") == "A");
  fs::create_directory(there / "flat");
  CHECK(world.run({"cp", "shop:/srv/site/.", there / "flat"}).exit == kDone);
  CHECK(text_of(there / "flat/a") == "A");
  CHECK(world.run({"cp", "shop:/srv/site/.", there / "made"}).exit == kDone);
  CHECK(text_of(there / "made/sub/b") == "B");
  world.file("taken", "x");
  CHECK(world.run({"cp", "shop:/srv/site", there / "taken"}).exit == kBadInput);
  fs::permissions(there / "site", fs::perms(0700));
}

TEST_CASE("cp writes nothing outside of its target, whatever an archive says") {
  World world;
  const fs::path outside = world.folder();
  const fs::path target = outside / "target";
  fs::create_directory(target);
  world.file("precious", "as it was");
  const auto copies = [&](const std::vector<Item>& items) {
    world.serves(tar_of(items));
    return world.run({"cp", "shop:/d/.", target});
  };
  const Seen dots = copies({folder("d"), file("d/../../precious", "evil")});
  CHECK(dots.err ==
        "error: the archive has an entry outside of itself, `d/../../precious`: it is not "
        "unpacked\n");
  CHECK(copies({folder("d"), file(outside / "precious", "evil")}).exit != kDone);
  CHECK(copies({folder("d"), file("..", "evil")}).exit != kDone);
  // Through a link that the archive brings itself.
  const Seen link = copies({folder("d"), link_to("d/out", ".."), file("d/out/precious", "evil")});
  CHECK(contains_text(link.err, "it is not followed or replaced"));
  CHECK(copies({folder("d"), link_to("d/f", "../precious"), file("d/f", "evil")}).exit == kDone);
  CHECK(text_of(target / "f") == "evil");  // the link was replaced
  Item hard{{.name = "d/h", .type = TarEntry::Type::kHardlink, .target = "../precious"}};
  CHECK(copies({folder("d"), hard}).exit != kDone);
  CHECK(text_of(outside / "precious") == "as it was");
  CHECK(std::distance(fs::directory_iterator(outside), fs::directory_iterator()) == 2);
}

TEST_CASE("cp: nothing that is half there has its final name, and no setuid comes along") {
  World world;
  const fs::path there = world.folder();
  const std::string tar = tar_of({file("big", std::string(100'000, 'x'), 04755)});
  world.api.agents.on_open = [&](std::int64_t number, const FakeStreams::Opened&) -> Result<Ok> {
    world.api.agents.say(number, tar.substr(0, 50'000));
    world.api.agents.fail(number, unavailable("the node's agent is silent"));
    return Ok{};
  };
  const Seen seen = world.run({"cp", "shop:/big", there});
  CHECK(seen.err == "error: the node's agent is silent\n");
  CHECK(seen.exit == kRefused);
  CHECK(fs::is_empty(there));
  world.serves(tar.substr(0, 50'000));  // ends as if it were whole
  CHECK(contains_text(world.run({"cp", "shop:/big", there}).err, "damaged"));
  CHECK(fs::is_empty(there));
  world.serves(tar);
  CHECK(world.run({"cp", "shop:/big", there}).exit == kDone);
  CHECK((fs::status(there / "big").permissions() & fs::perms::mask) == fs::perms(0755));
  world.serves(tar);
  CHECK(world.run({"cp", "shop:/big", "-"}).out == tar);
}

TEST_CASE("cp in: where it goes depends on what is there") {
  World world;
  const fs::path from = world.folder();
  fs::create_directories(from / "site/sub");
  world.file("site/a", "A");
  world.file("site/sub/b", "B");
  fs::create_symlink("a", from / "site/link");
  const auto copies = [&](const std::string& local, const std::string& to, const char* there) {
    world.uploaded.clear();
    World fresh;
    fresh.takes([&](const std::string&) -> Result<std::string> {
      if (std::string_view(there) == "folder") return tar_of({folder("x")});
      if (std::string_view(there) == "file") return tar_of({file("x", "old")});
      return not_found("no such path");
    });
    const Seen seen = fresh.run({"cp", local, "shop:" + to});
    world.uploaded = fresh.uploaded;
    world.asked = fresh.asked;
    return seen;
  };
  using Map = std::map<std::string, std::string>;
  CHECK(copies(from / "site/a", "/etc", "folder").exit == kDone);
  CHECK(world.uploaded == Map{{"a", "A"}});
  CHECK(world.asked.path == "/etc");
  CHECK(copies(from / "site/a", "/etc/conf", "file").exit == kDone);
  CHECK(world.uploaded == Map{{"conf", "A"}});
  CHECK(world.asked.path == "/etc");
  CHECK(copies(from / "site/a", "/new", "nothing").exit == kDone);
  CHECK(world.uploaded == Map{{"new", "A"}});
  CHECK(world.asked.path == "/");
  CHECK(copies(from / "site", "/srv", "folder").exit == kDone);
  CHECK(world.uploaded == Map{{"site/", ""},
                              {"site/a", "A"},
                              {"site/sub/", ""},
                              {"site/sub/b", "B"},
                              {"site/link", "a"}});
  CHECK(copies(from / "site/.", "/srv", "folder").exit == kDone);
  CHECK(world.uploaded == Map{{"a", "A"}, {"sub/", ""}, {"sub/b", "B"}, {"link", "a"}});
  CHECK(copies(from / "site", "/srv/new", "nothing").exit == kDone);
  CHECK(world.uploaded.contains("new/sub/b"));
  CHECK(copies(from / "site", "/etc/conf", "file").exit == kBadInput);
  CHECK(copies(from / "site/a", "/nix/", "nothing").exit == kRefused);
  CHECK(copies(from / "nix", "/etc", "folder").exit == kRefused);
}

TEST_CASE("cp: mistakes are said in one sentence [E6]") {
  World world;
  CHECK(world.run({"cp", "a"}).exit == kBadInput);
  CHECK(world.run({"cp", "a", "b"})
            .err.starts_with("error: one of the two paths must be PROJECT/SERVICE:PATH\n"));
  CHECK(world.run({"cp", "shop:/a", "shop:/b"}).exit == kBadInput);
  CHECK(world.run({"cp", "shop:etc", "x"})
            .err.starts_with("error: a path in a container begins with `/`, not `etc`\n"));
}
