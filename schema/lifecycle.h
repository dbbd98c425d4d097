// The phases of a Project and the only moves between them. Only a project with spec.paused goes
// back to Scheduled on its node: of every other one such a report is taken for progress.
#pragma once

#include <span>

#include "schema/types.h"

namespace cara::schema {

// Who asks for a move. Each may make only its own.
enum class Actor { kApiserver, kScheduler, kAgent, kGc };

struct Move {
  Phase from;
  Phase to;
  Actor by;
};

// The whole table; also the source of the store's trigger and of the README's picture.
std::span<const Move> moves();
bool can_move(Phase from, Phase to, Actor by);

// The agent may have objects of a project in this phase.
constexpr bool is_bound(Phase phase) {
  return phase == Phase::kScheduled || phase == Phase::kRunning || phase == Phase::kFailed ||
         phase == Phase::kTerminating;
}
constexpr bool is_ending(Phase phase) {
  return phase == Phase::kTerminating || phase == Phase::kTerminated;
}

// Moves `project` and writes its Phase condition. REQUIRES: can_move.
void move_to(Project& project, Phase to, std::string reason, std::string message, Timestamp now);

}  // namespace cara::schema
