// What the NATS server lets through, beside what the apiserver answers.
#include <algorithm>

#include "schema/permissions.h"
#include "services/apiserver/operations.h"
#include "tests/unit/apiserver_world.h"

namespace cara::apiserver {

using schema::Identity;
using schema::Role;

TEST_CASE("the lists for the NATS server permit what the table permits [I29]") {
  for (const Operation& operation : operations()) {
    for (const Role role :
         {Role::kViewer, Role::kSched, Role::kGc, Role::kAgent, Role::kApiserver}) {
      const Identity who{role, "x"};
      const auto lists = schema::permissions_of(who);
      const std::string subject = schema::api_subject(who, operation.name);
      INFO(subject);
      CHECK(may_call(operation, role) == (std::find(lists.publish.begin(), lists.publish.end(),
                                                    subject) != lists.publish.end()));
    }
  }
}

}  // namespace cara::apiserver
