// A database of any schema there ever was is opened, migrated, and has its content.
#include "services/apiserver/store/migrations.h"
#include "services/apiserver/store/restore.h"
#include "tests/unit/apiserver_files.h"

namespace cara::apiserver {
namespace {

// Of `now`, what a database of `version` has a place for, as it was left by a process of then.
void make_older(const std::string& now, const std::string& path, std::size_t version) {
  REQUIRE(Database::create_empty(path).ok());
  std::string sql;
  for (std::size_t step = 0; step < version; ++step) sql += migrations()[step];
  execute(path, sql + "PRAGMA user_version = " + std::to_string(version));
  sql = "ATTACH '" + now + "' AS now;";
  // Rows that others refer to are before those.
  for (const std::string& table :
       column_of(path,
                 "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
                 " ORDER BY name <> 'objects'")) {
    std::string columns;
    auto database = Database::open(path);
    REQUIRE(database.ok());
    REQUIRE((*database)
                ->run("SELECT name FROM pragma_table_info(?)", {std::string_view(table)},
                      [&](const Row& row) {
                        columns += (columns.empty() ? "" : ", ") + row.bytes(0);
                        return Walk::kOn;
                      })
                .ok());
    sql += "INSERT INTO main." + table + " (" + columns + ") SELECT " + columns + " FROM now." +
           table + ";";
  }
  execute(path, sql);
}

struct Content {
  TempDir dir;
  const std::string now = dir.file("now.db");
  const std::string path = dir.file("cara.db");
  std::int64_t revision = 0;
  std::map<std::string, schema::Project> projects;

  Content() {
    World world(at(now));
    REQUIRE(world.register_node("w1").ok());
    world.run("shop", "w1");
    REQUIRE(world.apply(simple("shop", "busybox:2")).ok());
    REQUIRE(world.apply(simple("waiting"), "id-1").ok());
    for (const char* name : {"shop", "waiting"}) projects[name] = world.project(name);
    revision = world.store->revision();
  }
};

// What every schema has kept.
void check_content(World& world, const Content& content) {
  CHECK(world.store->cluster() == "cluster-1");
  for (const auto& [name, project] : content.projects) CHECK(world.project(name) == project);
  CHECK(world.store->usage("w1", "")->projects == 1);
  const auto node = world.call<schema::NodeReply>(kAlice, "node.get", schema::GetRequest{"w1"});
  REQUIRE(node.ok());
  CHECK(node->node.status.agent_id == "agent-1");
}

}  // namespace

TEST_CASE("a database of every older schema is opened with its content, and goes on [E46]") {
  const Content content;
  for (std::size_t version = 1; version < migrations().size(); ++version) {
    INFO("schema " << version);
    fs::remove(content.path);
    make_older(content.now, content.path, version);
    {
      World world(at(content.path, "another"));
      CHECK(world.store->revision() == content.revision);
      CHECK(world.store->epochs() == 0);
      check_content(world, content);
      const auto changes = world.call<schema::ChangesReply>(
          kSched, "changes.since", schema::ChangesRequest{content.revision - 1});
      REQUIRE(changes.ok());
      CHECK(changes->changes.size() == 1);
      // A retry from before gets the answer of then.
      CHECK(world.apply(simple("waiting"), "id-1")->outcome == schema::ApplyOutcome::kCreated);
      const auto kept = world.call<schema::HistoryReply>(kAlice, "project.history",
                                                         schema::HistoryRequest{"shop"});
      REQUIRE(kept.ok());
      CHECK(kept->revisions.size() == (version >= 2 ? 2 : 1));
      REQUIRE(world.apply(simple("more")).ok());
      CHECK(world.project("more").metadata.revision == content.revision + 1);
    }
    CHECK(column_of(content.path, "PRAGMA user_version") ==
          std::vector<std::string>{std::to_string(migrations().size())});
    World again(at(content.path));
    check_content(again, content);
  }
}

TEST_CASE("a copy of every older schema can be restored [E46]") {
  const Content content;
  for (std::size_t version = 1; version < migrations().size(); ++version) {
    INFO("schema " << version);
    const std::string old = content.dir.file("old" + std::to_string(version) + ".db");
    make_older(content.now, old, version);
    const auto restored = restore({old, content.path, true});
    REQUIRE(restored.ok());
    CHECK(restored->revision_before == content.revision);
    World world(at(content.path));
    CHECK(world.store->epochs() == content.revision + Store::kRevisionJump);
    check_content(world, content);
  }
}

TEST_CASE("a step that fails half-way leaves the database as it was, and says so [E46]") {
  const Content content;
  const std::size_t before = migrations().size() - 1;
  make_older(content.now, content.path, before);
  execute(content.path, "ALTER TABLE meta ADD COLUMN backup_at TEXT");  // the step's second line
  CHECK(contains(refusal(content.path), "could not be migrated: "));
  CHECK(column_of(content.path, "PRAGMA user_version") ==
        std::vector<std::string>{std::to_string(before)});
  CHECK(column_of(content.path,
                  "SELECT COUNT(*) FROM pragma_table_info('meta')"
                  " WHERE name = 'epochs'") == std::vector<std::string>{"0"});
  execute(content.path, "ALTER TABLE meta DROP COLUMN backup_at");
  World world(at(content.path));
  check_content(world, content);
}

}  // namespace cara::apiserver
