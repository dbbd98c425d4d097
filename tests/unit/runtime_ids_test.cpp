#include <set>
#include <string>

#include "services/runtime/backoff.h"
#include "services/runtime/ids.h"
#include "tests/catch_compat.h"

using cara::runtime::Backoff;
using cara::runtime::IdSource;
using namespace std::chrono_literals;

TEST_CASE("one seed gives one sequence of ids, another seed another") {
  IdSource a({1, 2});
  IdSource b({1, 2});
  IdSource c({1, 3});
  for (int i = 0; i < 100; ++i) {
    const std::string id = a.next();
    CHECK(id == b.next());
    CHECK(id != c.next());
  }
}

TEST_CASE("ids are 32 lower case hex digits and do not repeat, also from poor seeds") {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    IdSource source({0, seed});
    for (int i = 0; i < 100; ++i) {
      const std::string id = source.next();
      CHECK(id.size() == 32);
      CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
      CHECK(seen.insert(id).second);
    }
  }
}

TEST_CASE("below() stays below its bound and reaches every value") {
  IdSource source({7, 7});
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(source.below(6));
  CHECK(seen == std::set<std::uint64_t>{0, 1, 2, 3, 4, 5});
  CHECK(source.below(1) == 0);
}

TEST_CASE("backoff doubles up to its maximum, however often something failed") {
  const Backoff backoff{.base = 50ms, .max = 1s};
  CHECK(backoff.after(1) == 50ms);
  CHECK(backoff.after(2) == 100ms);
  CHECK(backoff.after(5) == 800ms);
  CHECK(backoff.after(6) == 1s);
  CHECK(backoff.after(4'000'000'000) == 1s);
}
