#include <set>

#include "schema/lifecycle.h"
#include "tests/catch_compat.h"

using namespace cara::schema;
using enum Phase;

TEST_CASE("phases move only along the seed's table [S21-S27]") {
  const std::set<std::pair<Phase, Phase>> allowed{
      {kPending, kScheduled},      {kScheduled, kRunning},   {kScheduled, kFailed},
      {kRunning, kFailed},         {kFailed, kRunning},      {kScheduled, kPending},
      {kRunning, kPending},        {kFailed, kPending},      {kPending, kTerminating},
      {kScheduled, kTerminating},  {kRunning, kTerminating}, {kFailed, kTerminating},
      {kTerminating, kTerminated}, {kRunning, kScheduled},   {kFailed, kScheduled},
  };
  std::set<std::pair<Phase, Phase>> found;
  for (const Move& move : moves()) found.emplace(move.from, move.to);
  CHECK(found == allowed);
}

TEST_CASE("only a scheduler binds, only an agent reports Running [S22][S23]") {
  for (Actor actor : {Actor::kApiserver, Actor::kScheduler, Actor::kAgent, Actor::kGc}) {
    CHECK(can_move(kPending, kScheduled, actor) == (actor == Actor::kScheduler));
    CHECK(can_move(kScheduled, kRunning, actor) == (actor == Actor::kAgent));
    CHECK(can_move(kRunning, kTerminating, actor) == (actor == Actor::kApiserver));
    CHECK(can_move(kRunning, kScheduled, actor) == (actor == Actor::kAgent));
  }
}

TEST_CASE("a move writes the Phase condition [S28][S29]") {
  Project project;
  move_to(project, kScheduled, "Bound", "Placed on n1", {.ms = 1'748'779'205'123});
  REQUIRE(project.status.conditions.size() == 1);
  const Condition& condition = project.status.conditions[0];
  CHECK(condition.type == "Phase");
  CHECK(condition.status == "True");
  CHECK(condition.reason == "Bound");
  CHECK(to_string(condition.last_transition_time) == "2025-06-01T12:00:05Z");

  SECTION("and its time never goes backwards") {
    move_to(project, kRunning, "AgentReady", "All containers are running", {.ms = 1000});
    REQUIRE(project.status.conditions.size() == 1);
    CHECK(to_string(project.status.conditions[0].last_transition_time) == "2025-06-01T12:00:05Z");
    CHECK(project.status.conditions[0].reason == "AgentReady");
  }
}
