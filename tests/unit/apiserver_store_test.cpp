// The database file: what is kept over restarts and crashes, and what is refused.
#include <sys/stat.h>

#include <array>

#include "services/apiserver/store/migrations.h"
#include "tests/unit/apiserver_files.h"

namespace cara::apiserver {
namespace {

TEST_CASE("what was acknowledged is there after a restart, with the revisions [S54][I1][I3]") {
  TempDir dir;
  const std::string path = dir.file("cara.db");
  std::int64_t revision = 0;
  schema::Project shop;
  {
    World world(at(path));
    REQUIRE(world.apply(simple("shop"), "id-1").ok());
    shop = world.project("shop");
    revision = world.store->revision();
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    REQUIRE(::stat((path + "-wal").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    CHECK(status.st_size > 0);
    // As kill -9 leaves it: the log not yet folded into the file.
    for (const char* suffix : {"", "-wal"}) fs::copy(path + suffix, path + ".copy" + suffix);
  }
  for (const std::string& file : {path, path + ".copy"}) {
    World world(at(file, "another-id"));
    CHECK(world.store->cluster() == "cluster-1");
    CHECK(world.store->revision() == revision);
    CHECK(world.project("shop") == shop);
    CHECK(world.apply(simple("shop"), "id-1")->outcome == schema::ApplyOutcome::kCreated);
    REQUIRE(world.apply(simple("second")).ok());
    CHECK(world.project("second").metadata.revision == revision + 1);
  }
}

TEST_CASE("a database of a newer version is refused [E46]") {
  TempDir dir;
  const std::string path = dir.file("cara.db");
  REQUIRE(Store::open(at(path)).ok());
  execute(path, "PRAGMA user_version = " + std::to_string(migrations().size() + 1));
  CHECK(contains(refusal(path), "written by a newer cara-apiserver (schema 6"));
}

TEST_CASE("a database of schema 1 is taken over, and its projects can be rolled back [E46]") {
  TempDir dir;
  const std::string path = dir.file("cara.db");
  REQUIRE(Database::create_empty(path).ok());
  execute(path, std::string(migrations()[0]) + "PRAGMA user_version = 1;" +
                    "INSERT INTO meta VALUES (1, 'cluster-1', 2, 0);");
  {
    auto database = Database::open(path);
    REQUIRE(database.ok());
    for (const std::string name : {"idle", "shop"}) {
      schema::Project project;
      project.metadata = {.name = name, .uid = "uid-" + name, .revision = 1, .generation = 4};
      project.metadata.updated_at = {1'700'000'000'000};
      project.spec.services.push_back({.name = "web", .image = "busybox:1"});
      if (name == "shop") {
        project.status = {.phase = Phase::kRunning, .node_ref = "w1", .assignment = 3};
        project.status.observed_generation = 4;
      }
      const std::string body = schema::pack_message(project);
      REQUIRE((*database)
                  ->run("INSERT INTO objects VALUES ('project', ?, ?, ?, ?, ?, ?)",
                        {std::string_view(name), std::string_view(project.metadata.uid),
                         to_string(project.status.phase), std::string_view(project.status.node_ref),
                         std::int64_t{name == "shop" ? 1 : 2}, Blob{body}})
                  .ok());
    }
  }
  for (int start = 0; start < 2; ++start) {
    World world(at(path));
    const auto kept =
        world.call<schema::HistoryReply>(kAlice, "project.history", schema::HistoryRequest{"shop"});
    REQUIRE(kept->revisions.size() == 1);
    CHECK(kept->revisions[0].number == 1);
    CHECK(kept->revisions[0].generation == 4);
    CHECK(kept->revisions[0].at == Timestamp{1'700'000'000'000});
    CHECK(kept->revisions[0].healthy);
    const auto idle =
        world.call<schema::HistoryReply>(kAlice, "project.history", schema::HistoryRequest{"idle"});
    REQUIRE(idle->revisions.size() == 1);
    CHECK(!idle->revisions[0].healthy);
  }
  World world(at(path));
  CHECK(world.store->usage("w1", "")->projects == 1);
  REQUIRE(world.register_node("w1").ok());
  // A default that is newer than the file is no change.
  CHECK(world.apply(simple("shop", "busybox:1"))->outcome == schema::ApplyOutcome::kUnchanged);
  REQUIRE(world.apply(simple("shop", "busybox:2")).ok());
  schema::StatusRequest failed = world.report("shop", Phase::kFailed);
  failed.give_up = true;
  REQUIRE(world.send(failed).ok());
  CHECK(world.project("shop").spec.services[0].image == "busybox:1");
}

TEST_CASE("a damaged, empty or foreign file is refused and left as it is [E46][I32]") {
  TempDir dir;
  const std::string path = dir.file("cara.db");
  {
    World world(at(path));
    for (int i = 0; i < 50; ++i) REQUIRE(world.apply(simple("p" + std::to_string(i))).ok());
  }
  REQUIRE(fs::file_size(path) > 20'000);
  const auto overwrite = [&](std::streamoff offset, const std::string& bytes) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offset);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  };
  std::string expected = "is damaged (";
  SECTION("header") {
    overwrite(0, std::string(16, 'x'));
    expected = "not a database";
  }
  SECTION("pages") { overwrite(4096, std::string(12'288, '\xaa')); }
  SECTION("one page that nothing reads at start") {
    overwrite(static_cast<std::streamoff>(fs::file_size(path)) - 4096, std::string(4096, '\xaa'));
  }
  SECTION("cut in the middle") {
    fs::resize_file(path, fs::file_size(path) / 2);
    expected = "cannot be opened: the database is damaged";
  }
  SECTION("empty") {
    fs::resize_file(path, 0);
    expected = "is empty";
  }
  SECTION("a directory") {
    fs::remove(path);
    fs::create_directory(path);
    expected = "is not a file";
  }
  SECTION("gone while its journal is there") {
    fs::rename(path, path + "-wal");
    expected = "is missing while its journal";
  }
  const auto size = fs::is_regular_file(path) ? fs::file_size(path) : 0;
  const std::string why = refusal(path);
  INFO(why);
  CHECK(contains(why, expected));
  CHECK((fs::is_regular_file(path) ? fs::file_size(path) : 0) == size);
}

TEST_CASE("a start that was killed half-way leaves no half database") {
  TempDir dir;
  const std::string path = dir.file("cara.db");
  std::ofstream(path + ".new") << "half";
  CHECK(Store::open(at(path)).ok());
  CHECK(!fs::exists(path + ".new"));
  CHECK(contains(refusal(dir.file("no/such/dir.db")), "cannot be made"));
}

TEST_CASE("a full disk refuses writes, answers reads, and recovers [E46][F6]") {
  TempDir dir;
  if (!dir.mount_small()) {
    WARN("skipped: mounting a small file system needs root");
    return;
  }
  World world(at(dir.file("cara.db")));
  REQUIRE(world.apply(simple("first")).ok());
  const auto big = [](const std::string& name) {
    Array variables{Map{{"name", "V"}, {"value", std::string(120'000, 'x')}}};
    return manifest(
        name,
        Map{{"services",
             Value(Array{Map{{"name", "web"}, {"image", "busybox"}, {"env", Value(variables)}}})}});
  };
  Result<schema::ApplyReply> reply = internal("never applied");
  int made = 0;
  do {
    reply = world.apply(big("big" + std::to_string(made)));
    if (reply) ++made;
  } while (reply && made < 100);
  REQUIRE(made < 100);
  REQUIRE(failed_with(reply, Code::kUnavailable));
  CHECK(reply.error().message == "the disk is full");
  CHECK(!world.stop_reason());
  const std::int64_t revision = world.store->revision();

  // A batch of both: the read is answered, the write is not acknowledged.
  const auto read =
      world.message(kAlice, "project.get", schema::pack_message(schema::GetRequest{"first"}));
  const auto write = world.message(kAlice, "project.apply",
                                   schema::pack_message(schema::ApplyRequest{"w", big("more")}));
  world.step({write, read});
  CHECK(schema::unpack_reply<schema::ProjectReply>(*world.answer_to(read)).ok());
  CHECK(failed_with(schema::unpack_reply<schema::ApplyReply>(*world.answer_to(write)),
                    Code::kUnavailable));
  CHECK(failed_with(world.get("more"), Code::kNotFound));
  CHECK(world.store->revision() == revision);

  // So much of it that the disk is full before the commit: a write in the middle fails.
  std::vector<runtime::Event> many{read};
  for (int i = 0; i < 40; ++i) {
    const std::string name = "many" + std::to_string(i);
    many.push_back(world.message(kAlice, "project.apply",
                                 schema::pack_message(schema::ApplyRequest{name, big(name)})));
  }
  world.step(many);
  CHECK(schema::unpack_reply<schema::ProjectReply>(*world.answer_to(read)).ok());
  for (std::size_t i = 1; i < many.size(); ++i) {
    const auto answer = world.answer_to(std::get<runtime::Delivered>(many[i]));
    REQUIRE(answer.has_value());
    const auto applied = schema::unpack_reply<schema::ApplyReply>(*answer);
    REQUIRE(failed_with(applied, Code::kUnavailable));
    CHECK(applied.error().message == "the disk is full");
  }
  CHECK(world.store->revision() == revision);

  REQUIRE(::mount("tmpfs", fs::path(dir.file("")).parent_path().c_str(), "tmpfs", MS_REMOUNT,
                  "size=32m,mode=700") == 0);
  REQUIRE(world.apply(big("more")).ok());
  CHECK(world.project("more").metadata.revision == revision + 1);
}

TEST_CASE("a database that is taken away ends the process, nothing is acknowledged [I33]") {
  TempDir dir;
  const std::string path = dir.file("cara.db");
  World world(at(path));
  REQUIRE(world.apply(simple("first")).ok());
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(path + suffix);
  const auto sent = world.message(kAlice, "project.apply",
                                  schema::pack_message(schema::ApplyRequest{"w", simple("lost")}));
  world.step({sent});
  CHECK(!world.answer_to(sent));
  REQUIRE(world.stop_reason());
  CHECK(contains(*world.stop_reason(), "moved or removed while in use"));
}

TEST_CASE("answers for retries are kept for a while only") {
  StoreOptions options;
  options.max_replies = 3;
  World world(options);
  for (int i = 0; i < 5; ++i) {
    const std::string n = std::to_string(i);
    REQUIRE(world.apply(simple("p" + n), "id-" + n).ok());
  }
  CHECK(world.apply(simple("p4"), "id-4")->outcome == schema::ApplyOutcome::kCreated);
  CHECK(world.apply(simple("p2"), "id-2")->outcome == schema::ApplyOutcome::kCreated);
  CHECK(world.apply(simple("p1"), "id-1")->outcome == schema::ApplyOutcome::kUnchanged);
}

}  // namespace
}  // namespace cara::apiserver
