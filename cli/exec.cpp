// caractrl exec: a command in a container, as if it ran here.
#include <map>

#include "cli/say.h"
#include "cli/stdio_endpoint.h"
#include "cli/streams.h"
#include "cli/targets.h"
#include "cli/terminal.h"
#include "cli/verb.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

constexpr std::chrono::seconds kLook{1};
constexpr int kInterruptsToGiveUp = 3;

// As a shell says that a signal has ended somebody.
Exit ended_by(int signal) { return static_cast<Exit>(128 + signal); }

const char* name_of(int signal) {
  return signal == SIGINT ? "INT" : signal == SIGHUP ? "HUP" : "TERM";
}

// One command, from its start to its end.
class Session {
 public:
  Session(Context& context, Api& api, schema::StreamRequest request, runtime::Duration timeout)
      : context_(context),
        streams_(api.streams()),
        request_(std::move(request)),
        tty_(request_.exec->tty),
        timeout_(timeout) {}

  Exit run() {
    SignalWatch signals(tty_ ? std::vector<int>{SIGTERM, SIGHUP, SIGWINCH}
                             : std::vector<int>{SIGINT, SIGTERM, SIGHUP});
    const auto opened = streams_.open(
        "exec", request_,
        std::make_unique<StdioEndpoint>(context_.files, request_.exec->input, state_), timeout_);
    if (!opened) return say_error(context_, opened.error());
    stream_ = *opened;
    const Result<Exit> exit = follow(signals);
    return exit ? *exit : say_broken(context_, exit.error());
  }

 private:
  // The terminal is as it was before anything is said.
  Result<Exit> follow(SignalWatch& signals) {
    std::optional<RawTerminal> raw;
    if (tty_ && request_.exec->input) raw.emplace(context_.files[0]);
    bool sized = false;
    while (true) {
      const auto event = streams_.next(state_->opened || !tty_ ? kLook : kLook / 10);
      if (event && event->over) return exit_of_result(*event->over);
      // The window may have changed before there was anybody to tell.
      if (tty_ && state_->opened && !sized) {
        sized = true;
        resize();
      }
      for (const int signal : signals.take()) {
        if (const std::optional<Exit> end = take(signal)) return *end;
      }
    }
  }

  Result<Exit> exit_of_result(const runtime::StreamResult& result) const {
    if (state_->reader_gone) return kDone;
    if (result.error) return *result.error;
    return static_cast<Exit>(result.exit_code.value_or(0));
  }

  std::optional<Exit> take(int signal) {
    if (signal == SIGWINCH) {
      resize();
      return std::nullopt;
    }
    if (signal == SIGINT) ++interrupts_;
    if (tty_ || !state_->opened || interrupts_ >= kInterruptsToGiveUp) {
      streams_.close(stream_);
      return ended_by(signal);
    }
    streams_.signal(stream_, name_of(signal));
    return std::nullopt;
  }

  void resize() {
    const auto size = window_size(context_.files[1]);
    if (size) streams_.resize(stream_, size->columns, size->rows);
  }

  Context& context_;
  Streams& streams_;
  const schema::StreamRequest request_;
  const bool tty_;
  const runtime::Duration timeout_;
  const std::shared_ptr<StdioEndpoint::State> state_ = std::make_shared<StdioEndpoint::State>();
  std::int64_t stream_ = 0;
  int interrupts_ = 0;
};

// `K=V`, or `K` with what it is here.
Result<std::vector<schema::EnvVar>> variables_of(Context& context,
                                                 const std::vector<std::string>& words) {
  std::vector<schema::EnvVar> variables;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (name.empty()) {
      return invalid("--env: `" + schema::printable(word) + "` is no NAME=VALUE");
    }
    if (equals != std::string::npos) {
      variables.push_back({name, word.substr(equals + 1)});
    } else if (const auto value = context.environment(name)) {
      variables.push_back({name, *value});
    }
  }
  return variables;
}

Result<schema::ExecOptions> options_of(Context& context, const host::Flags& flags) {
  const std::vector<std::string>& words = flags.positionals();
  if (words.empty()) return invalid("in which container? Write PROJECT/SERVICE -- COMMAND");
  if (words.size() == 1) return invalid("which command? Write it behind `--`");
  auto variables = variables_of(context, flags.list("env"));
  if (!variables) return variables.error();
  schema::ExecOptions options{.command = {words.begin() + 1, words.end()},
                              .tty = flags.enabled("tty"),
                              .input = flags.enabled("stdin"),
                              .user = flags.text("run-as"),
                              .working_dir = flags.text("workdir"),
                              .env = std::move(*variables)};
  const bool terminal = context.is_terminal && context.is_terminal(0);
  if (options.tty && options.input && !terminal) {
    return invalid("standard input is no terminal, so -t cannot be; leave it out: `-i` alone");
  }
  if (options.tty) {
    const auto size = window_size(context.files[1]);
    options.columns = size ? size->columns : 0;
    options.rows = size ? size->rows : 0;
    const auto type = context.environment("TERM");
    const auto is_term = [](const schema::EnvVar& each) { return each.name == "TERM"; };
    if (type && std::none_of(options.env.begin(), options.env.end(), is_term)) {
      options.env.push_back({"TERM", *type});
    }
  }
  return options;
}

Exit run_exec(Context& context, const host::Flags& flags) {
  auto options = options_of(context, flags);
  if (!options) return say_usage(context, "exec", options.error().message);
  const std::string& word = flags.positionals().front();
  if (const auto named = parse_target(word); !named) {
    return say_usage(context, "exec", named.error().message);
  }
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  const runtime::Duration timeout = flags.duration("timeout");
  const Result<Target> target = find_target(**api, word, timeout);
  if (!target) return say_error(context, target.error());
  schema::StreamRequest request{.project = target->project, .service = target->service};
  request.exec = std::move(*options);
  return Session(context, **api, std::move(request), timeout).run();
}

}  // namespace

const Verb& exec_verb() {
  static const Verb kVerb{
      .name = "exec",
      .summary = "Run a command in a container",
      .usage = "exec [-i] [-t] PROJECT[/SERVICE] [FLAGS] -- COMMAND [ARGUMENT...]",
      .details =
          "The service may be left out when the project has only one. -it is a terminal of its "
          "own\n"
          "for the command, with every key and the size of the window. Without -t its two outputs\n"
          "stay apart, and INT, TERM and HUP are passed on to it; three Ctrl-C end caractrl.\n"
          "With -i the end of standard input is passed on, while the output goes on.\n"
          "Ends with the exit code of the command. 126 and 127 are the engine's, for one that it\n"
          "cannot run or does not find; some say 126 for both.\n"
          "A session ends with its connection; the command then gets HUP.\n\n"
          "Examples:\n"
          "  caractrl exec wordpress/db -- ls -l /var/lib/mysql\n"
          "  caractrl exec -it wordpress/web -- sh\n"
          "  caractrl exec -i wordpress/db -- mysql wordpress <dump.sql\n"
          "  caractrl exec -u www-data -w /var/www -e DEBUG=1 wordpress/web -- php cron.php\n",
      .flags = {switch_flag("stdin", "Standard input is the command's", "i"),
                switch_flag("tty", "A terminal for the command", "t"),
                {.name = "run-as",
                 .help = "User in the container, NAME[:GROUP] or numbers; the image's if not given",
                 .value_name = "USER",
                 .environment = kNoEnvironment,
                 .letter = "u"},
                {.name = "workdir",
                 .help = "Folder in the container; the image's if not given",
                 .value_name = "DIR",
                 .environment = kNoEnvironment,
                 .letter = "w"},
                {.name = "env",
                 .help = "A variable for the command; without =VALUE it is as it is here; may be "
                         "repeated",
                 .kind = host::FlagKind::kList,
                 .value_name = "NAME[=VALUE]",
                 .environment = kNoEnvironment,
                 .letter = "e"},
                answer_timeout_flag()},
      .run = run_exec};
  return kVerb;
}

}  // namespace cara::cli
