#include "schema/lifecycle.h"

#include <algorithm>
#include <array>

namespace cara::schema {
namespace {

using enum Phase;

constexpr std::array kMoves{
    Move{kPending, kScheduled, Actor::kScheduler},
    Move{kScheduled, kRunning, Actor::kAgent},
    Move{kScheduled, kFailed, Actor::kAgent},
    Move{kRunning, kFailed, Actor::kAgent},
    Move{kFailed, kRunning, Actor::kAgent},
    // Only of a paused project: its containers are stopped, its node is kept.
    Move{kRunning, kScheduled, Actor::kAgent},
    Move{kFailed, kScheduled, Actor::kAgent},
    // A lost node's projects go back, to be placed again.
    Move{kScheduled, kPending, Actor::kGc},
    Move{kRunning, kPending, Actor::kGc},
    Move{kFailed, kPending, Actor::kGc},
    // The node they were on is deleted by force.
    Move{kScheduled, kPending, Actor::kApiserver},
    Move{kRunning, kPending, Actor::kApiserver},
    Move{kFailed, kPending, Actor::kApiserver},
    Move{kPending, kTerminating, Actor::kApiserver},
    Move{kScheduled, kTerminating, Actor::kApiserver},
    Move{kRunning, kTerminating, Actor::kApiserver},
    Move{kFailed, kTerminating, Actor::kApiserver},
    Move{kTerminating, kTerminated, Actor::kAgent},
    // Never bound, deleted by force, or its node is gone: nobody else can say it.
    Move{kTerminating, kTerminated, Actor::kApiserver},
    Move{kTerminating, kTerminated, Actor::kGc},
};

}  // namespace

std::span<const Move> moves() { return kMoves; }

bool can_move(Phase from, Phase to, Actor by) {
  return std::any_of(kMoves.begin(), kMoves.end(), [&](const Move& move) {
    return move.from == from && move.to == to && move.by == by;
  });
}

void move_to(Project& project, Phase to, std::string reason, std::string message, Timestamp now) {
  CARA_CHECK(std::any_of(kMoves.begin(), kMoves.end(), [&](const Move& move) {
    return move.from == project.status.phase && move.to == to;
  }));
  project.status.phase = to;
  set_condition(project.status.conditions, {.type = kConditionPhase,
                                            .reason = std::move(reason),
                                            .message = std::move(message),
                                            .last_transition_time = now});
}

}  // namespace cara::schema
