// cara_hollow: thousands of agents in one process. README.md.
#include <fmt/format.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>

#include "schema/formats.h"
#include "schema/quantity.h"
#include "services/runtime/host/clock.h"
#include "services/runtime/host/main_support.h"
#include "tests/hollow/control.h"
#include "tests/hollow/fleet.h"
#include "tests/hollow/server_config.h"

namespace cara::hollow {
namespace {

using host::FlagKind;

constexpr std::size_t kMaxAgents = 20'000;
constexpr std::size_t kOtherConnections = 100;  // of a server that serves the agents, too

std::vector<host::FlagSpec> agent_flags() {
  return {{.name = "agents",
           .help = "how many",
           .kind = FlagKind::kInteger,
           .default_value = "1000",
           .value_name = "N"},
          {.name = "prefix",
           .help = "of the nodes' names; a number follows it",
           .default_value = "hollow-",
           .value_name = "TEXT"},
          {.name = "start-rate",
           .help = "agents that start each second; 0: all at once",
           .kind = FlagKind::kInteger,
           .default_value = "0",
           .value_name = "N"},
          {.name = "heartbeat-interval",
           .help = "time between two signs of life of an agent",
           .kind = FlagKind::kDuration,
           .default_value = "5s",
           .value_name = "TIME"},
          {.name = "cpus",
           .help = "of each node",
           .kind = FlagKind::kInteger,
           .default_value = "4",
           .value_name = "N"},
          {.name = "memory",
           .help = "of each node, such as 8Gi",
           .default_value = "8Gi",
           .value_name = "SIZE"},
          {.name = "label",
           .help = "label of each node; may be repeated",
           .kind = FlagKind::kList,
           .value_name = "KEY=VALUE"},
          {.name = "log-in",
           .help = "each agent logs in as --write-server-config has it",
           .kind = FlagKind::kSwitch,
           .default_value = "false"}};
}

std::vector<host::FlagSpec> process_flags() {
  return {{.name = "control",
           .help = "named pipe for commands, made if absent: freeze WHICH, thaw [WHICH], "
                   "drop WHICH, reset, quit",
           .value_name = "FILE"},
          {.name = "stats-interval",
           .help = "time between two lines of statistics on stdout; 0s: at the end only",
           .kind = FlagKind::kDuration,
           .default_value = "1s",
           .value_name = "TIME"},
          {.name = "write-server-config",
           .help = "write a nats-server configuration with the users of a whole cluster, and end",
           .value_name = "FILE"},
          {.name = "user",
           .help = "ROLE.ID of a further user of that configuration, such as sched.s1, gc.g1, "
                   "agent.worker-01, admin.root; may be repeated",
           .kind = FlagKind::kList,
           .value_name = "ROLE.ID"}};
}

host::ProgramSpec program() {
  host::ProgramSpec spec{.name = "cara_hollow",
                         .summary =
                             "Agents without machines: the real actor, a model engine and a "
                             "connection each, all on one thread.",
                         .flags = agent_flags()};
  for (host::FlagSpec& flag : process_flags()) spec.flags.push_back(std::move(flag));
  return spec;
}

Result<std::map<std::string, std::string>> read_labels(const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> labels;
  for (const std::string& pair : pairs) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return invalid("--label " + schema::printable(pair) + ": expected KEY=VALUE");
    }
    labels[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return labels;
}

Result<schema::Identity> read_identity(const std::string& text) {
  const auto dot = text.find('.');
  const auto role = schema::parse_role(text.substr(0, dot));
  const std::string id = dot == std::string::npos ? "" : text.substr(dot + 1);
  if (!role || !schema::is_token(id)) {
    return invalid("--user " + schema::printable(text) + ": expected ROLE.ID, such as sched.s1");
  }
  return schema::Identity{*role, id};
}

struct Config {
  std::size_t agents = 0;
  std::string prefix;
  std::size_t start_rate = 0;
  HollowOptions each;  // but its node's name and what follows from that
  bool log_in = false;
};

Result<Config> read_config(const host::Flags& flags) {
  Config config{.agents = static_cast<std::size_t>(flags.integer("agents")),
                .prefix = flags.text("prefix"),
                .start_rate = static_cast<std::size_t>(flags.integer("start-rate")),
                .log_in = flags.enabled("log-in")};
  if (config.agents == 0 || config.agents > kMaxAgents) {
    return invalid(fmt::format("--agents must be 1 to {}", kMaxAgents));
  }
  const std::string last = node_name(config.prefix, config.agents);
  if (const auto wrong = schema::check_format(schema::Format::kDnsName, last)) {
    return invalid("--prefix " + schema::printable(config.prefix) + ": " + *wrong);
  }
  if (flags.duration("heartbeat-interval") <= std::chrono::milliseconds(0)) {
    return invalid("--heartbeat-interval must be longer than nothing");
  }
  const auto memory = schema::parse_memory(flags.text("memory"));
  if (!memory) return invalid("--memory must be a size, such as 8Gi");
  auto labels = read_labels(flags.list("label"));
  if (!labels) return labels.error();
  config.each.agent.labels = std::move(*labels);
  config.each.agent.agent_version = CARA_VERSION;
  config.each.agent.heartbeat_every = flags.duration("heartbeat-interval");
  config.each.machine = {.engine_version = "model",
                         .api_version = "1.41",
                         .os = "Model Linux",
                         .kernel = "6.1",
                         .architecture = "amd64",
                         .cpus = flags.integer("cpus"),
                         .memory_bytes = *memory};
  return config;
}

HollowOptions options_of(const Config& config, const ServerAddress& server,
                         const std::string& node) {
  const schema::Identity identity{schema::Role::kAgent, schema::node_token(node)};
  HollowOptions options = config.each;
  options.agent.node = node;
  options.agent.agent_id = "agent-id-of-" + node;
  options.agent.machine_id = "machine-id-of-" + node;
  options.agent.boot_id = "boot-id-of-" + node;
  options.hello = {.name = "cara agent " + identity.id,
                   .user = config.log_in ? user_of(identity) : server.user,
                   .password = config.log_in ? password_of(identity) : server.password};
  return options;
}

Result<Ok> write_server_config(const Config& config, const host::Flags& flags) {
  ServerConfigOptions options{.identities = {{schema::Role::kApiserver, "a1"}},
                              .max_connections = config.agents + kOtherConnections};
  for (const std::string& text : flags.list("user")) {
    auto identity = read_identity(text);
    if (!identity) return identity.error();
    options.identities.push_back(std::move(*identity));
  }
  for (std::size_t number = 1; number <= config.agents; ++number) {
    const std::string node = node_name(config.prefix, number);
    options.identities.push_back({schema::Role::kAgent, schema::node_token(node)});
  }
  const std::string& path = flags.text("write-server-config");
  std::ofstream file(path);
  file << server_config(options);
  file.close();
  if (!file) return invalid("cannot write " + path);
  return Ok{};
}

// A connection each.
void raise_file_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void print_regularly(Loop& loop, Duration every, const std::function<void()>& print) {
  loop.after(every, [&loop, every, print] {
    print();
    print_regularly(loop, every, print);
  });
}

Result<Ok> run(const Config& config, const host::Flags& flags) {
  const auto server = resolve(flags.text("nats"));
  if (!server) return server.error();
  raise_file_limit();
  Loop loop;
  Shared shared{loop, server->address, runtime::IdSource(host::random_seed())};
  Fleet fleet(shared, config.agents, config.prefix,
              [&](const std::string& node) { return options_of(config, *server, node); });
  const auto print = [&fleet] {
    std::printf("%s\n", fleet.statistics().c_str());
    std::fflush(stdout);
  };
  const Signals signals(loop, {SIGTERM, SIGINT, SIGUSR1}, [&](int signal) {
    if (signal != SIGUSR1) return loop.stop();
    print();
  });
  std::optional<ControlPipe> control;
  if (!flags.text("control").empty()) {
    const auto pipe = ControlPipe::open(flags.text("control"));
    if (!pipe) return pipe.error();
    control.emplace(loop, *pipe, [&fleet](std::string_view line) {
      const auto done = fleet.command(line);
      if (!done) spdlog::error("{}", done.error().message);
    });
  }
  const Duration every = flags.duration("stats-interval");
  if (every > Duration(0)) print_regularly(loop, every, print);
  fleet.start(config.start_rate);
  loop.run();
  print();
  return Ok{};
}

int main_program(int argc, char** argv) {
  const auto start = host::start_process(program(), argc, argv);
  if (start.exit_code) return *start.exit_code;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  const auto config = read_config(start.flags);
  const auto done = !config ? Result<Ok>(config.error())
                    : start.flags.text("write-server-config").empty()
                        ? run(*config, start.flags)
                        : write_server_config(*config, start.flags);
  if (done) return 0;
  spdlog::error("{}", done.error().message);
  return host::kExitUsage;
}

}  // namespace
}  // namespace cara::hollow

int main(int argc, char** argv) { return cara::hollow::main_program(argc, argv); }
