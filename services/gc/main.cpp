// cara-gc: flags, bus, actor.
#include <spdlog/spdlog.h>

#include "services/gc/gc.h"
#include "services/runtime/host/clock.h"
#include "services/runtime/host/main_support.h"
#include "services/runtime/ids.h"

namespace {

const cara::host::ProgramSpec kProgram{
    .name = "cara-gc",
    .summary = "Removes what has expired or is gone, and frees projects from lost nodes.",
    .positionals_help = "",
    .flags = {{.name = "id",
               .help = "name on the bus, different for every cara-gc (default: a random one)",
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

  cara::host::NatsHost bus(cara::host::bus_options(start.flags, {cara::schema::Role::kGc, id}));
  cara::gc::Gc actor({.id = id});
  return cara::host::run_process(bus, actor);
}

}  // namespace

int main(int argc, char** argv) { cara::host::end_process(run(argc, argv)); }
