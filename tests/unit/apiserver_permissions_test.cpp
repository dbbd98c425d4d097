// What the NATS server lets through, beside what the apiserver answers.
#include <algorithm>

#include "schema/codec.h"
#include "schema/permissions.h"
#include "services/apiserver/backup_calls.h"
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

TEST_CASE("where nobody has permissions, an inbox that is nobody's gets its answer") {
  for (const bool open_bus : {false, true}) {
    World world({}, {.open_bus = open_bus});
    runtime::Delivered asked =
        world.message(kAlice, "project.list", schema::pack_message(schema::ListRequest{}));
    asked.reply = runtime::ReplyTo{"_INBOX.Xu4dPq.1"};
    CHECK(world.step({asked}).empty() != open_bus);
    CHECK(world.server->refused().reply == (open_bus ? 0 : 1));
    asked.reply = runtime::ReplyTo{"_INBOX.admin.bob.1"};
    CHECK(world.step({asked}).empty());
  }
}

TEST_CASE("backups are the admins', and answered when the worker has answered [I29][E46]") {
  World world;
  const auto body = schema::pack_message(schema::BackupBeginRequest{.client = "c"});
  const auto viewer = world.message({Role::kViewer, "x"}, "backup.begin", body);
  world.step({viewer});
  CHECK(schema::open_reply(world.answer_to(viewer).value()).error().code == Code::kForbidden);

  const auto admin = world.message({Role::kAdmin, "x"}, "backup.begin", body);
  world.step({admin});
  CHECK_FALSE(world.answer_to(admin).has_value());
  const runtime::Request* asked = nullptr;
  for (const runtime::Effect& effect : world.effects) {
    if (const auto* request = std::get_if<runtime::Request>(&effect)) asked = request;
  }
  REQUIRE(asked != nullptr);
  CHECK(asked->subject == kBackupSubject);
  const runtime::RequestId id = asked->id;
  world.step({runtime::Answered{id, unavailable("no room")}});
  CHECK(schema::open_reply(world.answer_to(admin).value()).error() == unavailable("no room"));
}

}  // namespace cara::apiserver
