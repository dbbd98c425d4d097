#include <algorithm>
#include <array>

#include "schema/permissions.h"
#include "tests/catch_compat.h"

using namespace cara::schema;

namespace {

bool holds(const std::vector<std::string>& list, const std::string& subject) {
  return std::find(list.begin(), list.end(), subject) != list.end();
}

constexpr std::array kRoles{Role::kAdmin, Role::kViewer, Role::kSched,
                            Role::kGc,    Role::kAgent,  Role::kApiserver};

}  // namespace

TEST_CASE("everybody hears its own inbox and nobody else's [I29]") {
  for (const Role role : kRoles) {
    const auto lists = permissions_of({role, "x"});
    CHECK(holds(lists.subscribe, "_INBOX." + std::string(to_string(role)) + ".x.>"));
    const auto inboxes = std::count_if(lists.subscribe.begin(), lists.subscribe.end(),
                                       [](const auto& subject) { return subject[0] == '_'; });
    CHECK(inboxes == 1);
  }
}

TEST_CASE("nobody may say everything, and only the apiserver hears requests and tells events") {
  for (const Role role : kRoles) {
    const auto lists = permissions_of({role, "x"});
    const bool apiserver = role == Role::kApiserver;
    for (const auto* list : {&lists.publish, &lists.subscribe}) {
      for (const char* all : {">", "cara.>", "cara.v1.>", "_INBOX.>", "cara.v1.api.>"}) {
        CHECK_FALSE(holds(*list, all));
      }
    }
    CHECK(holds(lists.subscribe, "cara.v1.api.> apiserver") == apiserver);
    CHECK(holds(lists.publish, kEventSubjects) == apiserver);
  }
}

TEST_CASE("an agent is its own node and no other, dots and all") {
  const auto lists = permissions_of({Role::kAgent, "n1_lab_example"});
  CHECK(holds(lists.publish, "cara.v1.hb.n1_lab_example"));
  CHECK(holds(lists.publish, "cara.v1.api.agent.n1_lab_example.node.register"));
  CHECK(holds(lists.publish, "cara.v1.stream.n1_lab_example.*.*.*.*.out"));
  CHECK(holds(lists.subscribe, "cara.v1.stream.n1_lab_example.*.*.*.*.in"));
  CHECK(holds(lists.subscribe, "cara.v1.node.n1_lab_example.stream"));
  CHECK_FALSE(holds(lists.subscribe, kEventSubjects));
}

TEST_CASE("a viewer has its own streams and reads") {
  const auto lists = permissions_of({Role::kViewer, "bob"});
  CHECK(holds(lists.publish, "cara.v1.stream.*.viewer.bob.*.*.in"));
  CHECK(holds(lists.publish, "cara.v1.api.viewer.bob.stream.logs"));
  CHECK_FALSE(holds(lists.publish, "cara.v1.api.viewer.bob.stream.exec"));
  CHECK_FALSE(holds(lists.publish, "cara.v1.api.viewer.bob.project.apply"));
}
