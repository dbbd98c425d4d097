// FaultPlan: what goes wrong in a run, drawn from its seed: lossy links, cut-off and frozen
// processes, most nodes lost at once, crashes between and inside steps, engines that refuse, forget
// and lose events, routers that end, are late and have long requests, machines that are switched
// off and on, also while there is no apiserver, or set up anew, and people who remove containers by
// hand.
#pragma once

#include "services/runtime/ids.h"
#include "tests/sim/cluster.h"

namespace cara::sim {

// kStorm: one fault after another, most of them short. kOutages: few, and long ones.
enum class Weather { kStorm, kOutages };

class FaultPlan {
 public:
  FaultPlan(Cluster& cluster, std::uint64_t seed, Weather weather)
      : cluster_(cluster), random_({4, seed}), weather_(weather) {}
  FaultPlan(const FaultPlan&) = delete;
  FaultPlan& operator=(const FaultPlan&) = delete;

  void begin();
  // No more faults; everything that is broken is mended and everything that is down started. But
  // a scheduler and a gc that were not the last may be frozen for ever: nobody is to wait for them.
  void heal();
  // A process ended by its own decision: a supervisor starts it again.
  void on_stop(const std::string& process) { restart_later(process); }

 private:
  void count(Fault fault);
  void next();
  void strike();
  void crash(const std::string& process);
  void cut(const std::string& process);
  void cut_for(const std::string& process, Cut way, Duration length);
  void freeze_for(const std::string& process, Duration length);
  void lose(std::size_t nodes);
  Duration outage();
  void reinstall();
  void meddle();
  void stop_router();
  void next_request();
  void request();
  void reboot();
  void fill_disk();
  void step_clock(const std::string& process);
  void restart_later(const std::string& process);
  std::string any_process();
  const std::string& any_node();
  Duration up_to(Duration longest);

  Cluster& cluster_;
  runtime::IdSource random_;
  const Weather weather_;
  bool healed_ = false;
};

}  // namespace cara::sim
