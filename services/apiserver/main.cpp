// cara-apiserver: flags, lock, bus, store, actor.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "schema/formats.h"
#include "schema/messages.h"
#include "schema/wire.h"
#include "services/apiserver/apiserver.h"
#include "services/apiserver/file_lock.h"
#include "services/apiserver/operations.h"
#include "services/apiserver/store/backup.h"
#include "services/apiserver/store/restore.h"
#include "services/apiserver/store/store.h"
#include "services/runtime/host/clock.h"
#include "services/runtime/host/main_support.h"

namespace {

using namespace std::chrono_literals;
using cara::Ok;
using cara::Result;
using cara::host::FlagKind;

constexpr auto kConnectPatience = 2s;  // then it serves as soon as the bus is there
constexpr auto kProbeTimeout = 1s;
constexpr int kProbes = 3;  // the bus may still list one that was killed a moment ago
constexpr auto kShortestTimeout = 100ms;

const cara::host::ProgramSpec kProgram{
    .name = "cara-apiserver",
    .summary = "Keeps the state of the cluster and answers every request about it.",
    .positionals_help = "",
    .flags = {
        {.name = "db",
         .help = "database file, made if absent",
         .default_value = "cara.db",
         .value_name = "FILE"},
        {.name = "environment",
         .help = "second part of an assembled ingress host",
         .default_value = "default",
         .value_name = "NAME"},
        {.name = "base-domain",
         .help = "last part of an assembled ingress host",
         .default_value = "cara.internal",
         .value_name = "DOMAIN"},
        {.name = "node-timeout",
         .help = "silence after which a node is NotReady",
         .kind = FlagKind::kDuration,
         .default_value = "15s",
         .value_name = "DURATION"},
        {.name = "grace-period",
         .help = "time a lost node has before its projects are moved",
         .kind = FlagKind::kDuration,
         .default_value = "60s",
         .value_name = "DURATION"},
        {.name = "termination-timeout",
         .help = "time a lost node has to remove a deleted project",
         .kind = FlagKind::kDuration,
         .default_value = "10m",
         .value_name = "DURATION"},
        {.name = "mass-loss-share",
         .help =
             "when more than this share of the nodes is lost within --mass-loss-window, "
             "no project is moved until they are back or `caractrl cluster allow-moves` is said",
         .kind = FlagKind::kInteger,
         .default_value = "50",
         .value_name = "PERCENT"},
        {.name = "mass-loss-window",
         .help = "see --mass-loss-share; 0s: projects are moved whatever is lost",
         .kind = FlagKind::kDuration,
         .default_value = "5m",
         .value_name = "DURATION"},
        {.name = "placement",
         .help = "where new projects go: to the node with most left, or with least",
         .default_value = "spread",
         .value_name = "WORD",
         .choices = {"spread", "binpack"}},
        {.name = "restore",
         .help = "serve nothing, but make this backup (`caractrl backup`) the database --db, and "
                 "end; what runs goes on, what was written since the backup is lost",
         .value_name = "FILE",
         .environment = "-"},
        {.name = "force-restore",
         .help = "with --restore: a database that is there is put aside",
         .kind = FlagKind::kSwitch,
         .default_value = "false",
         .environment = "-"},
    }};

Result<cara::apiserver::Options> read_options(const cara::host::Flags& flags) {
  using cara::schema::Format;
  const std::string& environment = flags.text("environment");
  const std::string& base_domain = flags.text("base-domain");
  if (const auto wrong = cara::schema::check_format(Format::kDnsLabel, environment)) {
    return cara::invalid("--environment " + *wrong);
  }
  if (const auto wrong = cara::schema::check_format(Format::kDnsName, base_domain)) {
    return cara::invalid("--base-domain " + *wrong);
  }
  if (flags.duration("node-timeout") < kShortestTimeout) {
    return cara::invalid("--node-timeout must be at least 100ms");
  }
  if (flags.integer("mass-loss-share") < 1 || flags.integer("mass-loss-share") > 100) {
    return cara::invalid("--mass-loss-share must be 1 to 100");
  }
  return cara::apiserver::Options{
      .domain = {.environment = environment, .base_domain = base_domain},
      .node_timeout = flags.duration("node-timeout"),
      .grace_period = flags.duration("grace-period"),
      .termination_timeout = flags.duration("termination-timeout"),
      .mass_loss_window = flags.duration("mass-loss-window"),
      .mass_loss_share = flags.integer("mass-loss-share"),
      .placement = flags.text("placement") == "binpack" ? cara::schema::PlacementStrategy::kBinpack
                                                        : cara::schema::PlacementStrategy::kSpread};
}

// Refused if another apiserver serves this bus. Without a bus there is nobody to ask: then the
// actor finds out when it comes.
Result<Ok> probe(cara::host::NatsHost& bus) {
  using cara::schema::Alive;
  if (Result<Ok> connected = bus.connect(kConnectPatience); !connected) {
    spdlog::warn("no bus yet, trying for ever: {}", connected.error().message);
    return Ok{};
  }
  const std::string question = cara::schema::pack_message(
      Alive{.instance = "probe", .started_at_ms = cara::host::now().wall.ms});
  for (int i = 0; i < kProbes; ++i) {
    const auto answer = bus.ask(cara::schema::kApiserverAlive, question, kProbeTimeout);
    if (answer) {
      const auto other = cara::schema::unpack_message<Alive>(*answer);
      return cara::conflict("another cara-apiserver (" + (other ? other->instance : "unknown") +
                            ") serves this bus; stop it first, or use another --nats");
    }
    if (answer.error().code != cara::Code::kTimeout) return Ok{};
  }
  return cara::conflict(
      "another cara-apiserver is connected to this bus but does not answer; it may be stopped "
      "(SIGSTOP) or cut off: end it first");
}

// `cara.v1.api.<role>.<id>.project.apply`, for every role and id.
std::vector<cara::host::MicroEndpoint> endpoints() {
  std::vector<cara::host::MicroEndpoint> all;
  std::string root = cara::schema::kApiSubjects;  // ends in `>`
  root.pop_back();
  for (const cara::apiserver::Operation& operation : cara::apiserver::operations()) {
    std::string name(operation.name);
    std::replace(name.begin(), name.end(), '.', '-');
    all.push_back({.name = std::move(name),
                   .subject = root + "*.*." + std::string(operation.name),
                   .queue_group = cara::schema::kApiQueue});
  }
  all.push_back({.name = "heartbeat",
                 .subject = cara::schema::kHeartbeatSubjects,
                 .queue_group = cara::schema::kApiQueue});
  return all;
}

int fail(const cara::Error& error) {
  spdlog::error("{}", error.message);
  return error.code == cara::Code::kInvalid ? cara::host::kExitUsage : 1;
}

int restore(const cara::host::Flags& flags) {
  const std::string& path = flags.text("db");
  const auto restored = cara::apiserver::restore({.backup = flags.text("restore"),
                                                  .database = path,
                                                  .replace = flags.enabled("force-restore")});
  if (!restored) return fail(restored.error());
  if (!restored->put_aside.empty()) {
    spdlog::info("the database that was there is {} now", restored->put_aside);
  }
  spdlog::info(
      "{} is cluster {} as of revision {}; it goes on at revision {}, so that everybody "
      "reads it anew: start cara-apiserver without --restore",
      path, restored->cluster, restored->revision_before, restored->revision);
  return 0;
}

int run(int argc, char** argv) {
  auto start = cara::host::start_process(kProgram, argc, argv);
  if (start.exit_code) return *start.exit_code;
  auto options = read_options(start.flags);
  if (!options) return fail(options.error());

  const std::string& path = start.flags.text("db");
  const auto lock =
      cara::host::take_lock([&path] { return cara::apiserver::FileLock::take(path); });
  if (!lock) return fail(lock.error());
  if (!start.flags.text("restore").empty()) return restore(start.flags);
  auto bus_options = cara::host::bus_options(start.flags, {cara::schema::Role::kApiserver, "a1"});
  bus_options.micro.endpoints = endpoints();
  options->open_bus = !cara::host::logs_in(bus_options.url, bus_options.access);
  cara::apiserver::BackupCopy backup(path);  // before the bus, whose worker uses it
  cara::host::NatsHost bus(std::move(bus_options));
  if (Result<Ok> alone = probe(bus); !alone) return fail(alone.error());
  cara::runtime::IdSource ids(cara::host::random_seed());
  const auto store =
      cara::apiserver::Store::open({.path = path, .cluster = ids.next(), .hop_key = ids.next()});
  if (!store) return fail(store.error());
  spdlog::info("serving cluster {} at revision {} from {}", (*store)->cluster(),
               (*store)->revision(), path);
  bus.serve_local(
      cara::apiserver::kBackupSubject,
      [&backup](std::string_view request) {
        return cara::apiserver::serve_backup(backup, request, cara::host::now().wall);
      },
      1);
  cara::apiserver::ApiServer server(**store, *options, cara::host::random_seed());
  return cara::host::run_process(bus, server);
}

}  // namespace

int main(int argc, char** argv) { cara::host::end_process(run(argc, argv)); }
