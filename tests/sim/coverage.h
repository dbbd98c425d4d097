// Coverage: how often each kind of fault happened in a run.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cara::sim {

enum class Fault {
  kMessageLost,
  kMessageDoubled,
  kMessageLate,
  kMessageOvertaken,
  kMessageCutOff,
  kCutIn,
  kCutOut,
  kCutBoth,
  kResync,
  kCrash,
  kCrashInsideStep,
  kFreeze,
  kFrozenForEver,
  kNodesLostTogether,
  kReboot,
  kReinstallEmpty,
  kReinstallEngineKept,
  kEngineRefuses,
  kEngineForgets,
  kEngineTooLate,
  kEngineEventLost,
  kContainerKilled,
  kContainerRemoved,
  kRouterDown,
  kRouterForgets,
  kRouterCrawls,
  kDiskFull,
  kDiskFails,
  kClockStep,
  kWatcherTooFarBehind,
  kCount
};

inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::kCount);

inline constexpr std::array<std::string_view, kFaults> kFaultNames{
    "message lost",
    "message doubled",
    "message late",
    "message overtaken by a later one",
    "message to or from a cut-off process",
    "cut off: hears nothing",
    "cut off: is not heard",
    "cut off both ways",
    "connection made anew",
    "crash between steps",
    "crash inside a step",
    "freeze",
    "frozen for ever",
    "most nodes lost together",
    "machine rebooted",
    "node set up anew",
    "node set up anew, engine kept",
    "engine refuses",
    "engine's answer lost",
    "engine's answer too late",
    "engine's event lost",
    "container killed by hand",
    "container removed by hand",
    "router down",
    "router's answer lost",
    "router slow",
    "store's disk full",
    "store's disk fails",
    "wall clock steps",
    "watcher too far behind",
};

struct Coverage {
  std::array<std::uint64_t, kFaults> times{};

  void count(Fault fault) { ++times[static_cast<std::size_t>(fault)]; }
  void add(const Coverage& other) {
    for (std::size_t i = 0; i < kFaults; ++i) times[i] += other.times[i];
  }
};

}  // namespace cara::sim
