// The store on a disk that is full, or fails.
#include "tests/catch_compat.h"
#include "tests/sim/store_faults.h"

namespace {

using cara::schema::Project;

Project project(const std::string& name) {
  Project made;
  made.metadata.name = name;
  made.metadata.uid = "uid-of-" + name;
  return made;
}

bool put(cara::apiserver::Store& store, Project made) {
  if (!store.begin_request().ok()) return false;
  const bool done = store.put(made, {}).ok();
  if (!done) {
    store.undo_request();
    return false;
  }
  return store.keep_request().ok();
}

}  // namespace

// A full disk ended the transaction of a batch; the requests after it were each written for good,
// though the batch was answered with errors, and their revisions were given out again: from then
// on every write was refused.
TEST_CASE("what comes after a full disk in a batch is written as little as what came before") {
  cara::sim::StoreFaults disk;
  const auto store = disk.open({.cluster = "cluster-1"});
  disk.set_full(true);
  REQUIRE(store->begin().ok());
  REQUIRE(store->begin_request().ok());
  CHECK_FALSE(store->keep_reply("request-1", std::string(1'000'000, 'x'), {}).ok());
  store->undo_request();
  CHECK_FALSE(put(*store, project("p1")));
  CHECK(store->trouble() == cara::apiserver::Trouble::kRefused);
  store->rollback();
  disk.set_full(false);

  CHECK(store->revision() == 0);
  REQUIRE(store->begin().ok());
  CHECK_FALSE(store->find_project("p1")->has_value());
  CHECK(put(*store, project("p2")));
  CHECK(store->commit().ok());
  CHECK(store->revision() == 1);
}
