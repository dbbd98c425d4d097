// caractrl logs: what the containers of a project have written, and write.
#include <algorithm>
#include <charconv>

#include "cli/log_follow.h"
#include "cli/say.h"
#include "cli/style.h"
#include "cli/verb.h"
#include "schema/formats.h"
#include "schema/time.h"

namespace cara::cli {
namespace {

// Lines with their services' names in front.
class LogPrinter {
 public:
  struct Options {
    bool prefix = true;
    bool timestamps = false;
  };

  LogPrinter(Context& context, Options options)
      : out_(context.out),
        options_(options),
        style_(context, Stream::kOut),
        // TERM=dumb is a terminal, too.
        escapes_(context.is_terminal && context.is_terminal(1)) {}

  void announce(const std::vector<std::string>& services) {
    for (const std::string& service : services) width_ = std::max(width_, service.size());
  }

  void print(std::size_t number, const std::string& service, const LogLine& line) {
    if (options_.prefix) {
      const std::string padding(width_ - std::min(width_, service.size()), ' ');
      out_ << style_.paint_nth(number, service + padding + "  | ");
    }
    if (options_.timestamps && !line.stamp.empty()) out_ << line.stamp << ' ';
    if (escapes_)
      out_ << safe_for_terminal(line.text) << '\n';
    else
      out_ << line.text << '\n';
  }

 private:
  std::ostream& out_;
  const Options options_;
  const Style style_;
  const bool escapes_;
  std::size_t width_ = 0;
};

Result<std::optional<std::int64_t>> tail_of(const std::string& text) {
  if (text.empty() || text == "all") return std::optional<std::int64_t>();
  std::int64_t lines = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), lines);
  if (error == std::errc() && end == text.data() + text.size() && lines >= 0) {
    return std::optional(lines);
  }
  return invalid("--tail: `" + schema::printable(text) +
                 "` is neither a number of lines nor `all`");
}

Result<std::optional<std::int64_t>> since_of(const std::string& text, Timestamp now) {
  if (text.empty()) return std::optional<std::int64_t>();
  const auto ns = [](std::int64_t ms) {
    return std::optional<std::int64_t>(std::max<std::int64_t>(ms, 0) * 1'000'000);
  };
  if (const auto duration = parse_duration_ms(text)) return ns(now.ms - *duration);
  if (const auto time = parse_timestamp(text)) return ns(time->ms);
  return invalid("--since: `" + schema::printable(text) +
                 "` is neither a duration as `10m` nor a time as `2026-01-31T10:00:00Z`");
}

Result<LogFollow::Options> options_of(const host::Flags& flags, Timestamp now) {
  if (flags.positionals().size() != 1) return invalid("of what? Write PROJECT or PROJECT/SERVICE");
  const Result<Target> target = parse_target(flags.positionals().front());
  if (!target) return target.error();
  const auto tail = tail_of(flags.text("tail"));
  if (!tail) return tail.error();
  const auto since = since_of(flags.text("since"), now);
  if (!since) return since.error();
  LogFollow::Options options{.target = *target, .timeout = flags.duration("timeout")};
  options.logs = {.follow = flags.enabled("follow"), .tail = *tail, .since_ns = *since};
  options.logs.previous = flags.enabled("previous");
  if (options.logs.follow && options.logs.previous) {
    return invalid("--previous has ended, there is nothing to --follow");
  }
  return options;
}

Exit run_logs(Context& context, const host::Flags& flags) {
  const Result<LogFollow::Options> options = options_of(flags, context.now());
  if (!options) return say_usage(context, "logs", options.error().message);
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  LogPrinter printer(context,
                     {.prefix = options->target.service.empty() && !flags.enabled("no-prefix"),
                      .timestamps = flags.enabled("timestamps")});
  LogFollow follow(
      context, **api, *options,
      [&](const std::vector<std::string>& services) { printer.announce(services); },
      [&](std::size_t number, const std::string& service, const LogLine& line) {
        printer.print(number, service, line);
      });
  return follow.run();
}

}  // namespace

const Verb& logs_verb() {
  static const Verb kVerb{
      .name = "logs",
      .summary = "Show what the containers of a project write",
      .usage = "logs PROJECT[/SERVICE] [FLAGS]",
      .details =
          "All services of a project, each line behind its service's name, or the lines of one\n"
          "service as they are. What a container writes to standard error is shown, too; all of "
          "it\n"
          "goes to standard output. -f goes on over restarts, updates and moves to other nodes,\n"
          "without a line lost or doubled, until Ctrl-C or until the project is deleted.\n"
          "On a terminal, control characters other than colours are written as `\\x1b`; in a pipe\n"
          "or a file bytes are as they are.\n\n"
          "Examples:\n"
          "  caractrl logs wordpress\n"
          "  caractrl logs -f --tail 20 wordpress/web\n"
          "  caractrl logs wordpress/db --since 10m --timestamps\n"
          "  caractrl logs wordpress/db --previous      # why it was restarted\n",
      .flags = {switch_flag("follow", "Go on with what is written from now on, until Ctrl-C", "f"),
                {.name = "tail",
                 .help = "How many of the last lines of each service, or `all`",
                 .default_value = "all",
                 .value_name = "LINES",
                 .environment = kNoEnvironment,
                 .letter = "n"},
                {.name = "since",
                 .help = "Only what is younger: `10m`, or `2026-01-31T10:00:00Z`",
                 .value_name = "TIME",
                 .environment = kNoEnvironment},
                switch_flag("timestamps", "With the time of each line", "t"),
                switch_flag("previous", "What a container wrote before its last start", "p"),
                switch_flag("no-prefix", "Without the names of the services"),
                answer_timeout_flag()},
      .run = run_logs};
  return kVerb;
}

}  // namespace cara::cli
