// The copy that a backup is read from, whose it is and how long, and who drops it.
#include <sys/stat.h>

#include <algorithm>

#include "schema/codec.h"
#include "services/apiserver/backup_calls.h"
#include "services/apiserver/store/backup.h"
#include "tests/unit/apiserver_files.h"

namespace cara::apiserver {
namespace {

constexpr Timestamp kNow{1'750'000'000'000};

Timestamp after(std::chrono::milliseconds time) { return {kNow.ms + time.count()}; }

std::vector<std::string> names_in(const TempDir& dir) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(dir.file(""))) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// All of the copy, in pieces.
std::string read_all(BackupCopy& copy, const std::string& client, Timestamp now = kNow) {
  std::string all;
  while (true) {
    const auto piece = copy.read({client, static_cast<std::int64_t>(all.size())}, now);
    REQUIRE(piece.ok());
    CHECK(piece->data.data.size() <= BackupCopy::kPieceBytes);
    if (piece->data.empty()) return all;
    all += piece->data.data;
  }
}

std::vector<std::string> projects_in(const std::string& path) {
  return column_of(path, "SELECT name FROM objects WHERE kind = 'project' ORDER BY name");
}

// What the worker is asked, by name.
std::vector<std::string> asked(const runtime::Effects& effects) {
  std::vector<std::string> names;
  for (const runtime::Effect& effect : effects) {
    const auto* request = std::get_if<runtime::Request>(&effect);
    if (request == nullptr) continue;
    CHECK(request->subject == kBackupSubject);
    names.push_back(*schema::unpack(request->body)->find("name")->as_string());
  }
  return names;
}
runtime::RequestId id_of(const runtime::Effects& effects) {
  for (const runtime::Effect& effect : effects) {
    if (const auto* request = std::get_if<runtime::Request>(&effect)) return request->id;
  }
  FAIL("nothing is asked");
  return {};
}

std::string packed(const std::string& name, const std::string& body) {
  return schema::pack(Value(Map{{"name", name}, {"body", Bytes{body}}}));
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a copy is of one moment, in pieces, and leaves no file [E46]") {
  TempDir dir;
  const std::string path = dir.file("cara.db");
  World world(at(path));
  Array variables{Map{{"name", "V"}, {"value", std::string(100'000, 'x')}}};
  for (const std::string name : {"a", "b", "c", "d"}) {
    Map web{{"name", "web"}, {"image", "busybox"}, {"env", Value(variables)}};
    REQUIRE(world.apply(manifest(name, Map{{"services", Value(Array{Value(web)})}})).ok());
  }
  const Names files = names_in(dir);
  BackupCopy copy(path);
  const auto about = copy.begin({"c1"}, kNow);
  REQUIRE(about.ok());
  CHECK(about->revision == world.store->revision());
  CHECK(about->cluster == "cluster-1");
  CHECK(names_in(dir) == files);

  REQUIRE(world.apply(simple("later")).ok());  // the writer is not held up
  REQUIRE(world.remove("a").ok());
  const std::string all = read_all(copy, "c1");
  CHECK(all.size() > BackupCopy::kPieceBytes);
  CHECK(static_cast<std::int64_t>(all.size()) == about->bytes);
  const std::string file = dir.file("copy.db");
  std::ofstream(file, std::ios::binary) << all;
  CHECK(column_of(file, "PRAGMA integrity_check") == Names{"ok"});
  CHECK(projects_in(file) == Names{"a", "b", "c", "d"});
  CHECK(column_of(file, "SELECT revision FROM meta") == Names{std::to_string(about->revision)});

  // A retry whose answer was lost gets the same piece.
  const auto again = copy.read({"c1", 16}, kNow);
  CHECK(again->data.data == all.substr(16, BackupCopy::kPieceBytes));
  CHECK(copy.read({"c1", about->bytes + 1'000}, kNow)->data.empty());
  CHECK(failed_with(copy.read({"c1", -1}, kNow), Code::kInvalid));
}

TEST_CASE("there is one copy, and it is its client's until that one has left it [E46]") {
  TempDir dir;
  const std::string path = dir.file("cara.db");
  World world(at(path));
  BackupCopy copy(path);
  CHECK(failed_with(copy.read({"c1", 0}, kNow), Code::kGone));
  const auto first = copy.begin({"c1"}, kNow);
  REQUIRE(world.apply(simple("shop")).ok());
  CHECK(copy.begin({"c1"}, kNow)->revision == first->revision);  // a retry: the same one

  const auto second = copy.begin({"c2"}, after(9'999ms));
  REQUIRE(failed_with(second, Code::kConflict));
  CHECK(second.error().message == "another backup is being made; try again when it is done");
  CHECK(failed_with(copy.read({"c2", 0}, kNow), Code::kGone));
  CHECK(copy.end({"c2"}).ok());  // does not take c1's away
  REQUIRE(copy.read({"c1", 0}, after(9'999ms)).ok());
  CHECK(failed_with(copy.begin({"c2"}, after(10'001ms)), Code::kConflict));

  const auto taken = copy.begin({"c2"}, after(19'999ms));  // c1 has not come back
  REQUIRE(taken.ok());
  CHECK(taken->revision == world.store->revision());
  const auto gone = copy.read({"c1", 0}, after(20s));
  REQUIRE(failed_with(gone, Code::kGone));
  CHECK(contains(gone.error().message, "the copy is not there any more"));

  REQUIRE(copy.end({"c2"}).ok());
  CHECK(failed_with(copy.read({"c2", 0}, after(20s)), Code::kGone));
  CHECK(copy.begin({"c3"}, after(20s)).ok());  // at once
  copy.drop();
  CHECK(failed_with(copy.read({"c3", 0}, after(20s)), Code::kGone));
}

TEST_CASE("a client without a name of its own gets no copy") {
  TempDir dir;
  World world(at(dir.file("cara.db")));
  BackupCopy copy(dir.file("cara.db"));
  for (const std::string& client : {std::string(), std::string(65, 'c')}) {
    const auto refused = copy.begin({client}, kNow);
    REQUIRE(failed_with(refused, Code::kInvalid));
    CHECK(refused.error().message == "client must have 1 to 64 characters");
  }
  CHECK(copy.begin({std::string(64, 'c')}, kNow).ok());
}

TEST_CASE("what a killed process left of its copy is removed, and a failed one leaves nothing") {
  TempDir dir;
  const std::string path = dir.file("cara.db");
  for (const char* suffix : {"", "-wal", "-journal"}) {
    std::ofstream(path + ".backup" + suffix) << "half";
  }
  BackupCopy copy(path);
  CHECK(names_in(dir).empty());
  const auto missing = copy.begin({"c1"}, kNow);
  REQUIRE(failed_with(missing, Code::kUnavailable));
  CHECK(contains(missing.error().message, "the database cannot be copied to " + path + ".backup"));
  CHECK(names_in(dir).empty());
  CHECK(failed_with(copy.read({"c1", 0}, kNow), Code::kGone));

  World world(at(path));
  CHECK(copy.begin({"c1"}, kNow).ok());
}

TEST_CASE("a disk without room for the copy and the writer is told of, and stays as it is [E46]") {
  TempDir dir;
  if (!dir.mount_small()) {
    WARN("skipped: mounting a small file system needs root");
    return;
  }
  World world(at(dir.file("cara.db")));
  BackupCopy copy(dir.file("cara.db"));
  const Names files = names_in(dir);
  const auto refused = copy.begin({"c1"}, kNow);
  REQUIRE(failed_with(refused, Code::kUnavailable));
  CHECK(contains(refused.error().message, "the copy is made beside the database, and "));
  CHECK(names_in(dir) == files);
  CHECK(world.apply(simple("shop")).ok());
}

TEST_CASE("the worker answers what is packed for it, and garbage with an error") {
  TempDir dir;
  const std::string path = dir.file("cara.db");
  World world(at(path));
  BackupCopy copy(path);
  const auto serve = [&](const std::string& request) { return serve_backup(copy, request, kNow); };
  const std::string c1 = schema::pack_message(schema::BackupBeginRequest{"c1"});
  const auto begun = serve(packed("backup.begin", c1));
  REQUIRE(begun.ok());
  CHECK(schema::unpack_reply<schema::BackupBeginReply>(*begun)->cluster == "cluster-1");
  const auto piece =
      serve(packed("backup.read", schema::pack_message(schema::BackupReadRequest{"c1", 0})));
  REQUIRE(piece.ok());
  CHECK(schema::unpack_reply<schema::BackupReadReply>(*piece)->data.data.starts_with("SQLite"));

  for (const std::string& garbage :
       {std::string(), std::string("\xc1"), schema::pack(Value(Map{})),
        schema::pack(Value(Map{{"name", "backup.end"}})),
        schema::pack(Value(Map{{"name", 7}, {"body", Bytes{c1}}})),
        schema::pack(Value(Map{{"name", "backup.end"}, {"body", "text"}})),
        packed("backup.end", "garbage"), packed("backup.read", c1)}) {
    CHECK_FALSE(serve(garbage).ok());
  }
  CHECK(copy.read({"c1", 0}, kNow).ok());
  REQUIRE(serve(packed("backup.end", c1)).ok());
  CHECK(failed_with(copy.read({"c1", 0}, kNow), Code::kGone));
  REQUIRE(copy.begin({"c1"}, kNow).ok());
  REQUIRE(serve(packed("backup.drop", "")).ok());
  CHECK(failed_with(copy.read({"c1", 0}, kNow), Code::kGone));
}

TEST_CASE("a copy that nobody reads of is dropped after a while, and no other [E46]") {
  // The timer of a backup that was over dropped the next one, if that took its time to be made.
  constexpr runtime::TimerId kTimer = 3;
  BackupCalls calls(kTimer);
  const auto step = [&](runtime::Event event) {
    runtime::Effects effects;
    calls.handle(std::vector<runtime::Event>{std::move(event)}, effects);
    return effects;
  };
  const auto begin = [&] {
    runtime::Effects effects;
    std::vector<PassedOn> passed;
    passed.push_back({"backup.begin", "body", runtime::ReplyTo{"inbox"}});
    calls.pass_on(std::move(passed), effects);
    CHECK(asked(effects) == Names{"backup.begin"});
    return id_of(effects);
  };
  const runtime::RequestId first = begin();
  const runtime::Effects answered = step(runtime::Answered{first, std::string("reply")});
  REQUIRE(answered.size() == 2);
  const auto& timer = std::get<runtime::SetTimer>(answered[0]);
  CHECK(timer.id == kTimer);
  CHECK(timer.after == BackupCalls::kPatience);
  CHECK(std::get<runtime::Respond>(answered[1]).to.subject == "inbox");
  CHECK(std::get<runtime::Respond>(answered[1]).body == "reply");

  const runtime::RequestId second = begin();
  CHECK(step(runtime::TimerFired{kTimer}).empty());  // it is being made
  CHECK(step(runtime::Answered{second, std::string("reply")}).size() == 2);
  CHECK(step(runtime::TimerFired{kTimer + 1}).empty());
  const runtime::Effects dropped = step(runtime::TimerFired{kTimer});
  CHECK(asked(dropped) == Names{"backup.drop"});
  CHECK(step(runtime::Answered{id_of(dropped), std::string()}).empty());  // nobody waits for it
}

}  // namespace cara::apiserver
