// The contract's cases on the model engine.
#include "tests/contract/harness.h"
#include "tests/sim/model_engine.h"

namespace cara::contract {

namespace {

class ModelHarness : public Harness {
 public:
  ModelHarness() {
    using agent::Health;
    engine_.add_image(kRuns, {});
    engine_.add_image(kDeaf, {.stop_exit_code = 137});
    engine_.add_image(kExits0, {.exits_after_ms = 0});
    engine_.add_image(kExits3, {.exits_after_ms = 100, .exit_code = 3, .output = kSaid});
    engine_.add_image(kKilled, {.exits_after_ms = 100, .exit_code = 137});
    engine_.add_image(kNoCommand,
                      {.exit_code = 127, .start_error = "exec: nosuch: no such file or directory"});
    engine_.add_image(kNotExecutable,
                      {.exit_code = 126, .start_error = "exec: /etc/passwd: permission denied"});
    engine_.add_image(kHealthy, {.health = Health::kHealthy, .health_after_ms = 1'000});
    engine_.add_image(kUnhealthy, {.health = Health::kUnhealthy, .health_after_ms = 1'000});
    engine_.add_image(kOwnVolume, {.own_volumes = 1});
    engine_.add_image(kPulled, {}, sim::Source::kRegistry);
    engine_.set_event_sink([this](const agent::EngineEvent& event) { events_.push_back(event); });
  }

  agent::Engine& engine() override { return engine_; }
  bool wait_until(const std::function<bool()>& condition) override {
    constexpr int kSteps = 100;
    for (int step = 0; step < kSteps && !condition(); ++step) engine_.advance({now_.ms += 100});
    return condition();
  }
  std::size_t anonymous_volumes() override { return engine_.anonymous_volumes(); }
  std::vector<agent::EngineEvent> events() override { return events_; }
  void pause(const std::string& container) override { CHECK(engine_.pause(container)); }
  void kill(const std::string& container) override { CHECK(engine_.kill(container, 137)); }

 private:
  Timestamp now_{1'767'225'600'000};
  sim::ModelEngine engine_{now_};
  std::vector<agent::EngineEvent> events_;
};

}  // namespace

Harness& harness() {
  static ModelHarness instance;
  return instance;
}

}  // namespace cara::contract
