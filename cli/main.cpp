// caractrl: the command line of a Caravanserai cluster. It speaks NATS and nothing else.
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <iostream>

#include "cli/bus_api.h"
#include "cli/say.h"
#include "cli/verb.h"
#include "services/runtime/host/clock.h"
#include "services/runtime/host/main_support.h"
#include "services/runtime/ids.h"

namespace {

using namespace cara;

volatile std::sig_atomic_t interrupt_seen = 0;

bool interrupted() { return interrupt_seen != 0; }

// The second Ctrl-C ends the process, whatever it is doing.
void on_interrupt(int) {
  if (interrupt_seen != 0) _exit(cli::kInterrupted);
  interrupt_seen = 1;
}

std::string login_name() {
  const passwd* entry = getpwuid(geteuid());
  return entry == nullptr ? "" : entry->pw_name;
}

// Output that did not arrive is a failure, but a reader that has seen enough is none to talk about.
int finish(cli::Context& context, cli::Exit result) {
  errno = 0;
  context.out.flush();
  if (context.out.good()) return result;
  if (errno != EPIPE) {
    const std::string why = errno == 0 ? "" : std::string(": ") + std::strerror(errno);
    say_error(context, "the output could not be written" + why);
  }
  return first_failure(result, cli::kRefused);
}

int run(int argc, char** argv) {
  host::keep_some_memory();
  std::signal(SIGPIPE, SIG_IGN);
  std::ios::sync_with_stdio(false);
  runtime::IdSource ids(host::random_seed());
  cli::Context context{.in = std::cin,
                       .out = std::cout,
                       .err = std::cerr,
                       .connect =
                           [](const cli::Connection& connection) {
                             return cli::connect_to_bus(connection, interrupted);
                           },
                       .environment = host::process_environment,
                       .login_name = login_name,
                       .new_id = [&ids] { return ids.next(); },
                       .now = [] { return host::now().wall; },
                       .mono_now = host::mono_now,
                       .wait_begins = [] { std::signal(SIGINT, on_interrupt); },
                       .interrupted = interrupted,
                       .is_terminal = [](int fd) { return isatty(fd) == 1; }};
  return finish(context, cli::run(context, {argv + 1, argv + argc}));
}

}  // namespace

int main(int argc, char** argv) {
  int result = cli::kRefused;
  try {
    result = run(argc, argv);
  } catch (const std::exception& fault) {
    std::cerr << "error: a fault of caractrl's own: " << fault.what() << "\n";
  }
  host::end_process(result);
}
