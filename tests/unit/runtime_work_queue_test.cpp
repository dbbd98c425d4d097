#include "services/runtime/work_queue.h"
#include "tests/catch_compat.h"

using cara::runtime::MonoTime;
using cara::runtime::WorkQueue;
using namespace std::chrono_literals;

namespace {
MonoTime at(std::chrono::microseconds t) { return {t.count()}; }
}  // namespace

TEST_CASE("a key that is added many times is handed out once") {
  WorkQueue queue;
  CHECK(queue.add("a", at(0s)));
  CHECK(queue.add("b", at(0s)));
  CHECK(queue.add("a", at(0s)));
  CHECK(queue.take(at(0s)) == "a");
  CHECK(queue.take(at(0s)) == "b");
  CHECK(!queue.take(at(0s)));
}

TEST_CASE("a key that is added while it is worked on comes again, but only after done()") {
  WorkQueue queue;
  queue.add("a", at(0s));
  REQUIRE(queue.take(at(0s)) == "a");
  queue.add("a", at(1s));
  queue.add("a", at(2s));
  CHECK(!queue.take(at(5s)));
  CHECK(queue.is_busy("a"));
  queue.done("a");
  CHECK(!queue.is_busy("a"));
  CHECK(queue.take(at(5s)) == "a");
  queue.done("a");
  CHECK(!queue.next_due());
}

TEST_CASE("a delayed key waits, and an earlier time wins over a later one") {
  WorkQueue queue;
  queue.add_after("a", at(0s), 10s);
  CHECK(!queue.take(at(9s)));
  queue.add_after("a", at(0s), 20s);
  CHECK(queue.next_due() == at(10s));
  queue.add_after("a", at(0s), 5s);
  CHECK(queue.next_due() == at(5s));
  CHECK(queue.take(at(5s)) == "a");
  CHECK(queue.size() == 0);
}

TEST_CASE("failing keys wait longer and longer, each for itself, until forget()") {
  WorkQueue queue({.backoff = {.base = 100ms, .max = 1s}});
  CHECK(queue.retry("a", at(0s)) == 100ms);
  REQUIRE(queue.take(at(100ms)) == "a");
  CHECK(queue.retry("a", at(0s)) == 200ms);
  queue.done("a");
  CHECK(queue.next_due() == at(200ms));
  CHECK(queue.retry("b", at(0s)) == 100ms);
  CHECK(queue.failures("a") == 2);
  queue.forget("a");
  CHECK(queue.failures("a") == 0);
  CHECK(queue.next_due() == at(100ms));  // b; a stays queued, too
  CHECK(queue.size() == 2);
}

TEST_CASE("removing a key drops its place and its failures, also while it is worked on") {
  WorkQueue queue;
  queue.retry("a", at(0s));
  queue.remove("a");
  CHECK(!queue.next_due());
  CHECK(queue.failures("a") == 0);
  queue.add("b", at(0s));
  REQUIRE(queue.take(at(0s)) == "b");
  queue.add("b", at(0s));
  queue.remove("b");
  queue.done("b");
  CHECK(!queue.next_due());
}

TEST_CASE("a full queue refuses new keys, counts them, and still takes known ones") {
  WorkQueue queue({.backoff = {}, .max_keys = 2});
  CHECK(queue.add("a", at(0s)));
  CHECK(queue.add("b", at(0s)));
  CHECK(!queue.add("c", at(0s)));
  CHECK(queue.add("a", at(0s)));
  CHECK(queue.refused() == 1);
  REQUIRE(queue.take(at(0s)) == "a");
  queue.done("a");
  CHECK(queue.add("c", at(0s)));
}
