// A backup becomes the database: what goes on above which numbers, and what is refused.
#include <sys/stat.h>

#include "services/apiserver/store/backup.h"
#include "services/apiserver/store/migrations.h"
#include "services/apiserver/store/restore.h"
#include "tests/unit/apiserver_files.h"

namespace cara::apiserver {
namespace {

constexpr std::int64_t kJump = std::int64_t{1} << 32;

// `caractrl backup` of the database in use.
void back_up(const std::string& path, const std::string& backup) {
  BackupCopy copy(path);
  const auto about = copy.begin({"c1"}, Timestamp{1'750'000'000'000});
  REQUIRE(about.ok());
  std::ofstream out(backup, std::ios::binary);
  for (std::int64_t at = 0; at < about->bytes;) {
    const auto piece = copy.read({"c1", at}, Timestamp{1'750'000'000'000});
    REQUIRE(piece.ok());
    out << piece->data.data;
    at += static_cast<std::int64_t>(piece->data.data.size());
  }
}

// A database and its backup, of a cluster in which `shop` runs on w1.
struct Saved {
  TempDir dir;
  const std::string path = dir.file("cara.db");
  const std::string backup = dir.file("backup.db");
  std::int64_t revision = 0;
  schema::Project shop;

  Saved() {
    World world(at(path));
    REQUIRE(world.register_node("w1").ok());
    world.run("shop", "w1");
    shop = world.project("shop");
    revision = world.store->revision();
    back_up(path, backup);
  }
  Result<Restored> run(const RestoreOptions& options) const { return restore(options); }
  Result<Restored> run() const { return restore({backup, path, true}); }
  std::string why_not(const std::string& file) const {
    return message_of(restore({file, path, true}));
  }
};

std::int64_t newest_event(World& world) {
  const auto events = world.call<schema::EventListReply>(kBob, "event.list",
                                                         schema::EventListRequest{.limit = 1'000});
  REQUIRE(events.ok());
  REQUIRE(!events->events.empty());
  REQUIRE(!events->more);
  return events->events.back().number;
}

}  // namespace

TEST_CASE("after a restore every number goes on far above all that was given out [E46]") {
  const Saved saved;
  std::int64_t seen = 0;
  std::map<std::string, std::int64_t> registrations;
  {  // what happened after the backup, and is gone
    World world(at(saved.path));
    REQUIRE(world.register_node("w1").ok());
    REQUIRE(world.remove("shop").ok());
    REQUIRE(world.apply(simple("after")).ok());
    REQUIRE(world.bind("after", "w1").ok());
    seen = world.store->revision();
    registrations = world.registrations;
    REQUIRE(seen > saved.revision);
  }
  const auto restored = saved.run();
  REQUIRE(restored.ok());
  CHECK(restored->cluster == "cluster-1");
  CHECK(restored->revision_before == saved.revision);
  CHECK(restored->revision == saved.revision + kJump + 1);  // one node, which has something to read

  World world(at(saved.path, "another"));
  const std::int64_t from = saved.revision + kJump;
  CHECK(world.store->cluster() == "cluster-1");
  CHECK(world.store->revision() == from + 1);
  CHECK(world.store->floor() == from);
  CHECK(world.store->epochs() == from);
  CHECK(world.project("shop") == saved.shop);  // also its assignment: what runs is not touched
  CHECK(failed_with(world.get("after"), Code::kNotFound));

  // Every mirror lists again, whatever it has seen.
  for (const std::int64_t since : {std::int64_t{0}, saved.revision, seen, from - 1}) {
    CHECK(failed_with(
        world.call<schema::ChangesReply>(kSched, "changes.since", schema::ChangesRequest{since}),
        Code::kGone));
  }
  const auto node = world.call<schema::NodeReply>(kAlice, "node.get", schema::GetRequest{"w1"});
  CHECK(node->node.metadata.revision == from + 1);

  // A registration that was given out after the backup is nobody's.
  world.registrations = registrations;
  CHECK_FALSE(world.send(world.report("shop", Phase::kFailed)).ok());
  REQUIRE(world.register_node("w1").ok());
  CHECK(world.registrations["w1"] == from + 1);
  REQUIRE(world.send(world.report("shop", Phase::kRunning)).ok());
  world.run("new", "w1");
  CHECK(world.project("new").status.assignment == from + 1);
  CHECK(world.project("new").metadata.revision > from);
  CHECK(newest_event(world) > from);
}

TEST_CASE("a restore a second time jumps again, and the backup is only read [E46]") {
  const Saved saved;
  const std::string before = bytes_of(saved.backup);
  REQUIRE(saved.run().ok());
  REQUIRE(saved.run().ok());
  CHECK(bytes_of(saved.backup) == before);
  {
    World world(at(saved.path));
    REQUIRE(world.apply(simple("more")).ok());
    fs::remove(saved.backup);
    back_up(saved.path, saved.backup);
  }
  const auto restored = saved.run();
  REQUIRE(restored.ok());
  CHECK(restored->revision_before == saved.revision + kJump + 2);
  CHECK(restored->revision == saved.revision + 2 * kJump + 3);
}

TEST_CASE("the database that was there is put aside, with its journal; the new one is private") {
  const Saved saved;
  // As kill -9 leaves it: not all is in the file.
  std::ofstream(saved.path + "-wal") << "journal";
  const std::string before = bytes_of(saved.path);
  std::ofstream(saved.path + ".before-restore") << "of a restore before";
  fs::permissions(saved.backup, fs::perms(0644));
  const auto restored = saved.run();
  REQUIRE(restored.ok());
  CHECK(restored->put_aside == saved.path + ".before-restore");
  CHECK(bytes_of(restored->put_aside) == before);
  CHECK(bytes_of(restored->put_aside + "-wal") == "journal");
  CHECK_FALSE(fs::exists(saved.path + "-wal"));
  CHECK_FALSE(fs::exists(saved.path + ".restore"));
  struct stat status {};
  REQUIRE(::stat(saved.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);

  const std::string empty = saved.dir.file("fresh.db");
  const auto fresh = restore({saved.backup, empty});
  REQUIRE(fresh.ok());
  CHECK(fresh->put_aside.empty());
  CHECK(World(at(empty)).project("shop") == saved.shop);
}

TEST_CASE("a database that is there is not replaced unless that is said [E46]") {
  const Saved saved;
  const std::string before = bytes_of(saved.path);
  const auto refused = saved.run({saved.backup, saved.path});
  REQUIRE(failed_with(refused, Code::kConflict));
  CHECK(refused.error().message == "the database " + saved.path +
                                       " exists; with --force-restore it is put aside, or use "
                                       "another --db");
  CHECK(bytes_of(saved.path) == before);
  // Its journal alone may be all there is of a cluster.
  const std::string other = saved.dir.file("other.db");
  std::ofstream(other + "-wal") << "journal";
  CHECK(failed_with(saved.run({saved.backup, other}), Code::kConflict));
  CHECK(bytes_of(other + "-wal") == "journal");
  REQUIRE(saved.run({saved.backup, other, true}).ok());
  CHECK(bytes_of(other + ".before-restore-wal") == "journal");
  CHECK(World(at(other)).project("shop") == saved.shop);
}

TEST_CASE("what is no backup is refused with its sentence, and nothing has changed [E46]") {
  const Saved saved;
  const std::string file = saved.dir.file("bad.db");
  fs::copy(saved.backup, file);
  std::string expected;
  SECTION("it is not there") {
    fs::remove(file);
    expected = "there is no such file";
  }
  SECTION("a folder") {
    fs::remove(file);
    fs::create_directory(file);
    expected = "it is no file";
  }
  SECTION("a link to the database itself") {
    fs::remove(file);
    fs::create_symlink(saved.path, file);
    expected = "it is the database itself";
  }
  SECTION("a database in use") {
    std::ofstream(file + "-wal") << "journal";
    expected =
        "it is a database in use, with a journal beside it; `caractrl backup` makes a backup";
  }
  SECTION("empty") {
    fs::resize_file(file, 0);
    expected = "it is no database of a cara-apiserver";
  }
  SECTION("text") {
    std::ofstream(file) << std::string(10'000, 'x');
    expected = "not a database";
  }
  SECTION("half of it") {
    fs::resize_file(file, fs::file_size(file) / 2);
    expected = "damaged";
  }
  SECTION("a page in the middle is another") {
    std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(static_cast<std::streamoff>(fs::file_size(file) / 8192 * 4096));
    out << std::string(4096, '\xaa');
    out.close();
    expected = "damaged";
  }
  SECTION("of another program") {
    fs::remove(file);
    REQUIRE(Database::create_empty(file).ok());
    execute(file, "CREATE TABLE meta (cluster TEXT); CREATE TABLE objects (a)");
    expected = "it is no database of a cara-apiserver";
  }
  SECTION("of a newer version") {
    execute(file, "PRAGMA user_version = " + std::to_string(migrations().size() + 1));
    fs::remove(file + "-wal");
    expected = "was written by a newer cara-apiserver";
  }
  const std::string before = bytes_of(saved.path);
  const auto refused = restore({file, saved.path, true});
  REQUIRE(failed_with(refused, Code::kInvalid));
  INFO(refused.error().message);
  CHECK(refused.error().message.starts_with("the backup " + file + " cannot be used: "));
  CHECK(contains(refused.error().message, expected));
  CHECK(bytes_of(saved.path) == before);
  for (const char* suffix : {".restore", ".restore-wal", ".restore-shm", ".before-restore"}) {
    CHECK_FALSE(fs::exists(saved.path + suffix));
  }
  CHECK(World(at(saved.path)).project("shop") == saved.shop);
}

TEST_CASE("where the new database cannot be made, nothing has changed") {
  const Saved saved;
  const std::string nowhere = saved.dir.file("no/cara.db");
  const auto refused = saved.run({saved.backup, nowhere});
  REQUIRE(failed_with(refused, Code::kUnavailable));
  CHECK(contains(refused.error().message, nowhere + ".restore cannot be made: "));
}

TEST_CASE("a backup is not served: the same numbers would be given out again [E46]") {
  const Saved saved;
  const std::string why = refusal(saved.backup);
  CHECK(contains(why, "is a backup, of 2025-06-15T15:06:40"));
  CHECK(contains(why, "start once with --restore BACKUP"));
}

TEST_CASE("a database that was copied while nobody used it can be restored, too") {
  const Saved saved;
  const std::string copy = saved.dir.file("copy.db");
  fs::copy(saved.path, copy);
  const auto restored = saved.run({copy, saved.path, true});
  REQUIRE(restored.ok());
  CHECK(restored->revision == saved.revision + kJump + 1);
}

}  // namespace cara::apiserver
