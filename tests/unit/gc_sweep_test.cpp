#include "services/gc/sweep.h"
#include "tests/catch_compat.h"

using namespace cara;
using gc::Action;
using gc::decide;
using schema::Phase;

namespace {

constexpr Timestamp kNow{1'700'000'000'000};

schema::Project in(Phase phase) {
  schema::Project out;
  out.status.phase = phase;
  return out;
}
schema::Project with(Phase phase, const char* condition) {
  schema::Project out = in(phase);
  schema::set_condition(out.status.conditions, {.type = condition,
                                                .status = "True",
                                                .reason = "NodeLost",
                                                .message = "",
                                                .last_transition_time = kNow});
  return out;
}

}  // namespace

TEST_CASE("expireAt deletes in every phase that is not ending, and not before its time [S19]") {
  for (const auto phase : {Phase::kPending, Phase::kScheduled, Phase::kRunning, Phase::kFailed}) {
    schema::Project project = in(phase);
    CHECK(!decide(project, kNow));
    project.spec.expire_at = kNow;
    CHECK(!decide(project, {kNow.ms - 1}));
    CHECK(decide(project, kNow) == Action::kExpire);
  }
  schema::Project ending = in(Phase::kTerminating);
  ending.spec.expire_at = kNow;
  CHECK(!decide(ending, kNow));
}

TEST_CASE("what is gone is reaped, whatever else is true of it [S26]") {
  schema::Project project = with(Phase::kTerminated, schema::kConditionTerminatingAt);
  project.spec.expire_at = kNow;
  CHECK(decide(project, kNow) == Action::kReap);
}

TEST_CASE("projects on lost nodes are asked about as soon as their clock runs [S31, S34]") {
  CHECK(decide(with(Phase::kRunning, schema::kConditionNotReadyAt), kNow) == Action::kEvict);
  CHECK(decide(with(Phase::kTerminating, schema::kConditionTerminatingAt), kNow) == Action::kEvict);
  // The clock of another life does not count.
  CHECK(!decide(with(Phase::kTerminating, schema::kConditionNotReadyAt), kNow));
  CHECK(!decide(with(Phase::kRunning, schema::kConditionTerminatingAt), kNow));
}

TEST_CASE("a project that stays is not evicted, unless it is torn down") {
  schema::Project stays = with(Phase::kRunning, schema::kConditionNotReadyAt);
  stays.spec.on_node_loss = schema::OnNodeLoss::kStay;
  CHECK(!decide(stays, kNow));
  schema::Project ending = with(Phase::kTerminating, schema::kConditionTerminatingAt);
  ending.spec.on_node_loss = schema::OnNodeLoss::kStay;
  CHECK(decide(ending, kNow) == Action::kEvict);
}

TEST_CASE("a sweep names what is due and when to look again [S20]") {
  gc::Projects projects{{"a", in(Phase::kTerminated)},
                        {"b", in(Phase::kRunning)},
                        {"c", in(Phase::kRunning)},
                        {"d", in(Phase::kRunning)},
                        {"e", in(Phase::kTerminating)}};
  projects["b"].spec.expire_at = Timestamp{kNow.ms + 5000};
  projects["c"].spec.expire_at = Timestamp{kNow.ms + 3000};
  projects["d"].spec.expire_at = Timestamp{kNow.ms - 1};
  projects["e"].spec.expire_at = Timestamp{kNow.ms + 1000};
  const gc::Sweep found = gc::sweep(projects, kNow);
  CHECK(found.due == std::vector<std::string>{"a", "d"});
  REQUIRE(found.expiry);
  CHECK(found.expiry->ms == kNow.ms + 3000);
  CHECK(!gc::sweep({}, kNow).expiry);
}
