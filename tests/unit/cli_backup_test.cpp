// caractrl backup: the pieces that come, and the file that appears when all of them are there.
#include <sys/stat.h>

#include <fstream>

#include "cli/backup_file.h"
#include "schema/codec.h"
#include "schema/wire.h"
#include "tests/catch_compat.h"
#include "tests/unit/cli_bench.h"

using namespace cara;
using namespace cara::cli;
using namespace cara::cli::test;
using namespace std::chrono_literals;

namespace {

namespace fs = std::filesystem;

std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

mode_t mode_of(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 ? about.st_mode & 07777u : 0;
}

// An apiserver with one copy of its database, and what it was asked.
struct World : CliBench {
  std::string copy = std::string("SQLite format 3\0", 16) + std::string(3'000, 'x') + "end";
  std::size_t piece = 1'000;
  std::optional<std::int64_t> told_bytes;  // if it is not the copy's size
  std::map<std::string, Error> refuse;     // by operation
  std::vector<std::string> asked;
  std::function<void(std::int64_t offset)> on_read;
  const std::string path = folder() + "/cara.db";

  World() {
    api.more = [this](std::string_view operation, const runtime::Payload& body) {
      return answer(operation, body);
    };
  }
  // Nothing but these is in the folder.
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder())) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  Seen backup(std::vector<std::string> words = {}) {
    words.insert(words.begin(), {"backup", path});
    return run(words);
  }

 private:
  std::optional<runtime::Payload> answer(std::string_view operation, const runtime::Payload& body) {
    const std::string name(operation);
    if (!name.starts_with("backup.")) return std::nullopt;
    const bool is_read = name == "backup.read";
    schema::BackupReadRequest read;
    if (is_read) {
      read = *schema::unpack_message<schema::BackupReadRequest>(body);
    } else {
      read.client = schema::unpack_message<schema::BackupEndRequest>(body)->client;
    }
    asked.push_back(name.substr(7) + " " + read.client +
                    (is_read ? " " + std::to_string(read.offset) : ""));
    if (is_read && on_read) on_read(read.offset);
    if (const auto found = refuse.find(name); found != refuse.end()) {
      return schema::pack_error(found->second);
    }
    if (name == "backup.begin") {
      const auto bytes = told_bytes.value_or(static_cast<std::int64_t>(copy.size()));
      return schema::pack_message(schema::BackupBeginReply{bytes, 42, "c1"});
    }
    if (name == "backup.end") return schema::pack_message(schema::BackupEndReply{});
    const auto offset = std::min(copy.size(), static_cast<std::size_t>(read.offset));
    return schema::pack_message(schema::BackupReadReply{Bytes{copy.substr(offset, piece)}});
  }
};

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("backup: a copy is begun, read to its end and given back; then the file is there [E46]") {
  World world;
  world.on_read = [&](std::int64_t) {
    CHECK(world.files() == Words{"cara.db.partial"});
    CHECK(mode_of(world.path + ".partial") == 0600);
  };
  const Seen seen = world.backup();
  CHECK(seen.exit == kDone);
  CHECK(seen.err.empty());
  CHECK(seen.out == "backup of cluster c1 at revision 42 written to " + world.path + " (3 KiB)\n");
  CHECK(world.asked == Words{"begin id-1", "read id-1 0", "read id-1 1000", "read id-1 2000",
                             "read id-1 3000", "end id-1"});
  CHECK(world.files() == Words{"cara.db"});
  CHECK(text_of(world.path) == world.copy);
  CHECK(mode_of(world.path) == 0600);
}

TEST_CASE("backup -o json tells what was written, for scripts") {
  World world;
  CHECK(world.backup({"-o", "json"}).out == "{\n  \"file\": \"" + world.path +
                                                "\",\n  \"bytes\": 3019,\n  \"revision\": 42,\n"
                                                "  \"cluster\": \"c1\"\n}\n");
}

TEST_CASE("backup: a piece whose answer is lost is asked for again, and is there once") {
  World world;
  bool lost = false;
  world.on_read = [&](std::int64_t offset) {
    if (offset == 1000 && !std::exchange(lost, true)) world.api.lose_replies = 1;
  };
  CHECK(world.backup().exit == kDone);
  CHECK(std::count(world.asked.begin(), world.asked.end(), "read id-1 1000") == 2);
  CHECK(text_of(world.path) == world.copy);
}

TEST_CASE("backup: a file that is there is not replaced, and then nothing is asked [E46]") {
  World world;
  world.file("cara.db", "of yesterday");
  const Seen seen = world.backup();
  CHECK(seen.exit == kRefused);
  CHECK(seen.err == "error: cara.db exists; --force replaces it\n");
  CHECK(text_of(world.path) == "of yesterday");
  CHECK(world.asked.empty());

  fs::permissions(world.path, fs::perms(0644));
  world.on_read = [&](std::int64_t) { CHECK(text_of(world.path) == "of yesterday"); };
  CHECK(world.backup({"--force"}).exit == kDone);
  CHECK(text_of(world.path) == world.copy);
  CHECK(mode_of(world.path) == 0600);
  CHECK(world.files() == Words{"cara.db"});
}

TEST_CASE("backup: a file that comes to be there meanwhile is not replaced either") {
  World world;
  world.on_read = [&](std::int64_t) { world.file("cara.db", "of somebody else"); };
  const Seen seen = world.backup();
  CHECK(seen.exit == kRefused);
  CHECK(seen.err == "error: cara.db exists; --force replaces it\n");
  CHECK(text_of(world.path) == "of somebody else");
  CHECK(world.files() == Words{"cara.db"});
  CHECK(world.asked.back() == "end id-1");
}

TEST_CASE("backup --force replaces a file, and nothing else that has its name") {
  // It put a file in the place of a device: `backup --force /dev/null` as root.
  World world;
  REQUIRE(::mkfifo(world.path.c_str(), 0600) == 0);
  const Seen pipe = world.backup({"--force"});
  CHECK(pipe.exit == kRefused);
  CHECK(pipe.err == "error: cara.db is a device or the like, and must be a file\n");
  CHECK(fs::is_fifo(world.path));
  fs::remove(world.path);
  fs::create_directory(world.path);
  CHECK(world.backup({"--force"}).err == "error: cara.db is a directory, and must be a file\n");
  CHECK(world.asked.empty());
}

TEST_CASE("backup: what a killed one has left is replaced, and no link is followed") {
  World world;
  world.file("cara.db.partial", std::string(10'000, 'y'));
  CHECK(world.backup().exit == kDone);
  CHECK(text_of(world.path) == world.copy);
  const std::string other = world.file("other", "mine");
  fs::create_symlink(other, world.path + ".partial");
  CHECK(world.backup({"--force"}).exit == kDone);
  CHECK(text_of(other) == "mine");
  CHECK(world.files() == Words{"cara.db", "other"});
}

TEST_CASE("backup: where no file can be made, the copy is given back") {
  World world;
  const Seen seen = world.run({"backup", world.folder() + "/no/cara.db"});
  CHECK(seen.exit == kRefused);
  CHECK(seen.err == "error: no/cara.db.partial cannot be made: No such file or directory\n");
  CHECK(world.asked == Words{"begin id-1", "end id-1"});
}

TEST_CASE("backup: a copy that ends early or is no database leaves no file [E46]") {
  World world;
  std::string expected;
  SECTION("fewer bytes than were told") {
    world.told_bytes = 4'000;
    expected = "the copy ended before it was complete";
  }
  SECTION("nothing at all") {
    world.copy.clear();
    world.told_bytes = 4'000;
    expected = "the copy ended before it was complete";
  }
  SECTION("something else") {
    world.copy = "<html>" + std::string(3'000, 'x');
    expected = "what came is no database";
  }
  // An empty file was taken for a backup.
  SECTION("none is told of") {
    world.told_bytes = 0;
    expected = "what came is no database";
  }
  SECTION("the apiserver was started again") {
    world.on_read = [&](std::int64_t offset) {
      if (offset > 0) world.refuse["backup.read"] = gone("the copy is not there any more");
    };
    expected = "the copy is not there any more";
  }
  const Seen seen = world.backup();
  CHECK(seen.exit == kRefused);
  CHECK(seen.out.empty());
  CHECK(seen.err == "error: " + expected + "\n");
  CHECK(world.files().empty());
  CHECK(world.asked.back() == "end id-1");
}

TEST_CASE("backup: what the apiserver refuses is told, and no file is begun") {
  World world;
  const auto exit_for = [&](const Error& error) {
    world.refuse["backup.begin"] = error;
    const Seen seen = world.backup();
    CHECK(contains_text(seen.err, error.message));
    return seen.exit;
  };
  CHECK(exit_for(conflict("another backup is being made")) == kRefused);
  CHECK(exit_for(forbidden("viewers may not")) == kNotPermitted);
  CHECK(exit_for(unavailable("no room")) == kNoConnection);
  CHECK(std::count(world.asked.begin(), world.asked.end(), "end id-1") == 0);
  CHECK(world.files().empty());

  world.refuse.clear();
  world.refuse["backup.end"] = internal("whatever");  // the file is whole all the same
  CHECK(world.backup().exit == kDone);
}

TEST_CASE("backup: Ctrl-C leaves no half of a file, and the copy is given back [E46]") {
  World world;
  world.on_read = [&](std::int64_t offset) { world.interrupted = offset == 1000; };
  const Seen seen = world.backup();
  CHECK(seen.exit == kInterrupted);
  CHECK(seen.out.empty());
  CHECK(seen.err.empty());
  CHECK(world.asked == Words{"begin id-1", "read id-1 0", "read id-1 1000", "end id-1"});
  CHECK(world.files().empty());
}

TEST_CASE("backup shows how far it is on a terminal, and takes that line away again") {
  World world;
  CHECK(world.backup().err.empty());
  world.terminals = {2};
  world.on_read = [&](std::int64_t) { world.api.mono = world.api.mono + 100ms; };
  CHECK(world.backup({"--force"}).err == "\r1 KiB of 3 KiB\x1b[K\r3 KiB of 3 KiB\x1b[K\r\x1b[K");
}

TEST_CASE("backup: which file is the only word it takes") {
  World world;
  for (const Words& words :
       {Words{"backup"}, Words{"backup", ""}, Words{"backup", world.path, "b"}}) {
    const Seen seen = world.run(words);
    CHECK(seen.exit == kBadInput);
    CHECK(contains_text(seen.err, "into which file? Say `caractrl backup FILE`"));
  }
  CHECK(world.asked.empty());
}

TEST_CASE("a backup's file that is not finished is not there") {
  CliBench bench;
  const std::string path = bench.folder() + "/cara.db";
  {
    auto file = BackupFile::create(path, false);
    REQUIRE(file.ok());
    REQUIRE(file->append("half").ok());
    const BackupFile moved = std::move(*file);
    CHECK(text_of(path + ".partial") == "half");
  }
  CHECK(fs::is_empty(bench.folder()));
}
