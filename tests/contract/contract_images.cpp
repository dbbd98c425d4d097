// Images: what services/agent/engine.h promises about getting and removing them.
#include "tests/contract/harness.h"

using namespace cara;
using namespace cara::agent;
using namespace cara::contract;

namespace {

void collect_all(Project& project) { project.run(CollectImages{}); }

}  // namespace

TEST_CASE("an image that is there needs no registry; one that is nowhere is not found [S24]") {
  Project project("image");
  CHECK_FALSE(project.run(EnsureImage{kRuns}).id.empty());
  const Error error = project.refused(EnsureImage{kMissing});
  CHECK(error.code == Code::kNotFound);
  CHECK(error.message.find(kMissing) != std::string::npos);
}

TEST_CASE("an image is pulled if the policy lets it be [E17]") {
  Project project("policy");
  collect_all(project);
  const Error never = project.refused(EnsureImage{kPulled, PullPolicy::kNever});
  CHECK(never.code == Code::kNotFound);
  CHECK(never.message.find(kPulled) != std::string::npos);
  CHECK(never.message.find("Never") != std::string::npos);

  const std::string id = project.run(EnsureImage{kPulled}).id;
  CHECK_FALSE(id.empty());
  CHECK(project.run(EnsureImage{kPulled, PullPolicy::kNever}).id == id);
  CHECK(project.run(EnsureImage{kPulled, PullPolicy::kAlways}).id == id);
  CHECK(project.run(EnsureImage{kRuns, PullPolicy::kNever}).id != id);
  collect_all(project);
}

TEST_CASE("an image that is in no registry cannot always be pulled [E17]") {
  Project project("always");
  CHECK_FALSE(project.refused(EnsureImage{kRuns, PullPolicy::kAlways}).message.empty());
}

TEST_CASE("what was pulled goes when nobody uses it, and nothing else goes") {
  Project project("collect");
  collect_all(project);
  project.run(EnsureImage{kPulled});
  constexpr std::int64_t kHour = 3'600'000;
  CHECK(project.run(CollectImages{{}, kHour}).text.empty());
  CHECK(project.run(CollectImages{{kPulled}, 0}).text.empty());
  const std::string container = project.create("collect-web", kPulled);
  CHECK(project.run(CollectImages{}).text.empty());
  project.run(EnsureImage{kPulled, PullPolicy::kNever});

  project.run(RemoveContainer{container});
  CHECK(project.run(CollectImages{}).text == std::string(kPulled) + "\n");
  CHECK(project.refused(EnsureImage{kPulled, PullPolicy::kNever}).code == Code::kNotFound);
  project.run(EnsureImage{kExits0, PullPolicy::kNever});
  CHECK(project.run(CollectImages{}).text.empty());
}

TEST_CASE("a pull that is over is cancelled in vain") {
  Project project("late");
  project.run(EnsureImage{.image = kRuns, .ticket = "late"});
  project.run(CancelPull{"late"});
  project.run(CancelPull{"nobody"});
  project.run(EnsureImage{.image = kRuns, .ticket = "late"});
}
