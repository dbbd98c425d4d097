// Events: the hints that make the agent look again.
#include <algorithm>

#include "tests/contract/harness.h"

using namespace cara;
using namespace cara::agent;
using namespace cara::contract;

namespace {

bool happened(const std::string& project, const std::string& action) {
  const auto events = harness().events();
  return std::any_of(events.begin(), events.end(), [&](const EngineEvent& event) {
    return event.project == project && event.action == action;
  });
}

}  // namespace

TEST_CASE("what happens to a container is told, by project [S46]") {
  Project project("told");
  const std::string id = project.start("told-web", kExits3);
  CHECK(harness().wait_until([] { return happened("told", "start"); }));
  CHECK(harness().wait_until([] { return happened("told", "die"); }));
  project.run(RemoveContainer{id});
  CHECK(harness().wait_until([] { return happened("told", "destroy"); }));
}

TEST_CASE("a change of health is told [S23]") {
  Project project("toldhealth");
  project.start("toldhealth-good", kHealthy);
  project.start("toldhealth-bad", kUnhealthy);
  CHECK(harness().wait_until([] { return happened("toldhealth", "health_status: healthy"); }));
  CHECK(harness().wait_until([] { return happened("toldhealth", "health_status: unhealthy"); }));
}

TEST_CASE("a pause by hand is told [E34]") {
  Project project("toldpause");
  project.start("toldpause-web", kRuns);
  harness().pause("toldpause-web");
  CHECK(harness().wait_until([] { return happened("toldpause", "pause"); }));
}

TEST_CASE("a network that was removed is told, though its event has no labels [E34]") {
  Project project("toldnet");
  project.run(RemoveNetwork{project.network("cara-toldnet")});
  CHECK(harness().wait_until([] { return happened("toldnet", "network destroy"); }));
}
