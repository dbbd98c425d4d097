// cara-scheduler: flags, bus, actor.
#include <spdlog/spdlog.h>

#include "services/runtime/host/clock.h"
#include "services/runtime/host/main_support.h"
#include "services/runtime/ids.h"
#include "services/scheduler/scheduler.h"

namespace {

const cara::host::ProgramSpec kProgram{
    .name = "cara-scheduler",
    .summary = "Binds every pending project to a node; any number of schedulers may run.",
    .positionals_help = "",
    .flags = {
        {.name = "id",
         .help = "name on the bus, different for every cara-scheduler (default: a random one)",
         .value_name = "NAME"}}};

int run(int argc, char** argv) {
  auto start = cara::host::start_process(kProgram, argc, argv);
  if (start.exit_code) return *start.exit_code;
  std::string id = start.flags.text("id");
  if (id.empty()) id = cara::runtime::IdSource(cara::host::random_seed()).next();
  if (!cara::schema::is_token(id)) {
    spdlog::error("--id may have letters, digits, `-` and `_` only");
    return cara::host::kExitUsage;
  }

  auto options = cara::host::bus_options(start.flags, {cara::schema::Role::kSched, id});
  options.micro.endpoints = {{.name = "wake", .subject = cara::schema::kSchedAll}};
  cara::host::NatsHost bus(std::move(options));
  cara::scheduler::Scheduler actor({.id = id});
  return cara::host::run_process(bus, actor);
}

}  // namespace

int main(int argc, char** argv) { cara::host::end_process(run(argc, argv)); }
