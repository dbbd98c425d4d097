#include "cli/verb.h"

#include "cli/completion.h"
#include "cli/contexts.h"
#include "cli/error_report.h"
#include "cli/say.h"
#include "schema/formats.h"
#include "schema/words.h"

namespace cara::cli {
namespace {

bool takes_value(const host::FlagSpec& flag, std::string_view word) {
  if (flag.kind == host::FlagKind::kSwitch) return false;
  return word == "--" + flag.name || (!flag.letter.empty() && word == "-" + flag.letter);
}

// True for `--nats` and `-f`: the next word is not the verb but the flag's value.
bool value_follows(std::string_view word) {
  std::vector<host::FlagSpec> flags = program_of({}).flags;
  flags.insert(flags.end(), host::common_flags().begin(), host::common_flags().end());
  for (const Verb* verb : verbs()) {
    flags.insert(flags.end(), verb->flags.begin(), verb->flags.end());
  }
  return std::any_of(flags.begin(), flags.end(),
                     [&](const host::FlagSpec& flag) { return takes_value(flag, word); });
}

// Index of the verb in `words`; their number if there is none.
std::size_t find_verb_word(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].size() < 2 || words[i].front() != '-') return i;
    if (value_follows(words[i])) ++i;
  }
  return words.size();
}

Exit unknown_verb(Context& context, const std::string& name) {
  std::vector<std::string> known{"help"};
  for (const Verb* verb : verbs()) known.emplace_back(verb->name);
  return say_usage(
      context, "",
      "`" + schema::printable(name) + "` is no command" + schema::hint_for(name, known));
}

Exit help(Context& context, const std::vector<std::string>& topics) {
  if (topics.empty()) {
    print_help(context.out);
    return kDone;
  }
  if (topics.front() == "flags") {
    print_flags_help(context.out);
    return kDone;
  }
  const Verb* verb = find_verb(topics.front());
  if (verb == nullptr) return unknown_verb(context, topics.front());
  print_help(context.out, *verb);
  return kDone;
}

Exit print_version(Context& context) {
  context.out << "caractrl " << CARA_VERSION << "\n";
  return kDone;
}

Exit run_bare(Context& context, const Verb& verb, const std::vector<std::string>& words) {
  if (words.empty()) return verb.run(context, {});
  if (words.front() == "--help" || words.front() == "-h") {
    print_help(context.out, verb);
    return kDone;
  }
  return say_usage(context, verb.name,
                   "`" + std::string(verb.name) + "` takes nothing but standard input, not `" +
                       schema::printable(words.front()) + "`");
}

Exit run_verb(Context& context, const Verb& verb, const std::vector<std::string>& words) {
  if (verb.bare) return run_bare(context, verb, words);
  const auto flags = host::Flags::parse(program_of(verb.flags), words, context.environment);
  if (!flags) return say_usage(context, verb.name, flags.error().message);
  if (flags->help_wanted()) return help(context, {std::string(verb.name)});
  if (flags->version_wanted()) return print_version(context);
  const bool as_json = flags->text("output") == "json" && context.report == nullptr;
  if (!as_json) return verb.run(context, *flags);
  return with_json_errors(context, [&] { return verb.run(context, *flags); });
}

Exit run_without_verb(Context& context, const std::vector<std::string>& words) {
  const auto flags = host::Flags::parse(program_of({}), words, context.environment);
  if (!flags) return say_usage(context, "", flags.error().message);
  if (flags->help_wanted()) return help(context, {});
  if (flags->version_wanted()) return print_version(context);
  print_help(context.err);
  return kBadInput;
}

// A login name as one subject token.
std::string token_of(std::string_view name) {
  std::string token;
  for (char c : name.substr(0, 63)) {
    const std::string one(1, c);
    token += schema::is_token(one) ? one : "-";
  }
  return token.empty() ? "admin" : token;
}

}  // namespace

const std::vector<const Verb*>& verbs() {
  static const std::vector<const Verb*> kVerbs{
      &apply_verb(),        &diff_verb(),         &edit_verb(),       &get_verb(),
      &describe_verb(),     &explain_verb(),      &wait_verb(),       &delete_verb(),
      &stop_verb(),         &start_verb(),        &restart_verb(),    &rollout_verb(),
      &logs_verb(),         &exec_verb(),         &forward_verb(),    &copy_verb(),
      &top_verb(),          &events_verb(),       &label_verb(),      &annotate_verb(),
      &cordon_verb(),       &uncordon_verb(),     &drain_verb(),      &taint_verb(),
      &cluster_verb(),      &backup_verb(),       &context_verb(),    &bus_verb(),
      &msgpack2json_verb(), &json2msgpack_verb(), &completion_verb(), &man_verb(),
      &version_verb()};
  return kVerbs;
}

const Verb* find_verb(std::string_view name) {
  for (const Verb* verb : verbs()) {
    if (verb->name == name) return verb;
  }
  return nullptr;
}

host::FlagSpec switch_flag(const char* name, const char* help, const char* letter) {
  return {.name = name,
          .help = help,
          .kind = host::FlagKind::kSwitch,
          .default_value = "false",
          .environment = kNoEnvironment,
          .letter = letter};
}

host::FlagSpec duration_flag(const char* name, const char* help, const char* preset) {
  return {.name = name,
          .help = help,
          .kind = host::FlagKind::kDuration,
          .default_value = preset,
          .value_name = "DURATION",
          .environment = kNoEnvironment};
}

host::FlagSpec answer_timeout_flag() {
  return duration_flag("timeout", "How long to wait for each answer", "10s");
}

host::FlagSpec output_flag() {
  return {.name = "output",
          .help = "table, wide, json or yaml; wide: a table with more columns where there are any",
          .default_value = "table",
          .value_name = "FORMAT",
          .choices = {"table", "wide", "json", "yaml"},
          .letter = "o"};
}

Output output_of(const host::Flags& flags) {
  const std::optional<Output> output = parse_output(flags.text("output"));
  CARA_CHECK(output.has_value());
  return *output;
}

bool wants_wide(const host::Flags& flags) { return flags.text("output") == "wide"; }

host::ProgramSpec program_of(std::vector<host::FlagSpec> flags) {
  const auto is_output = [](const host::FlagSpec& flag) { return flag.name == "output"; };
  if (std::none_of(flags.begin(), flags.end(), is_output)) {
    flags.push_back({.name = "output",
                     .help = "text or json; json: errors are a JSON object on standard error",
                     .default_value = "text",
                     .value_name = "FORMAT",
                     .choices = {"text", "json"},
                     .environment = kNoEnvironment,
                     .letter = "o"});
  }
  flags.push_back({.name = "user",
                   .help = "Who you are on the bus; your login name if not given",
                   .value_name = "NAME"});
  flags.push_back({.name = "role",
                   .help = "What you may do there: admin, or viewer, who only looks",
                   .default_value = "admin",
                   .value_name = "ROLE",
                   .choices = {"admin", "viewer"}});
  flags.push_back(
      {.name = "context", .help = "Which of `caractrl context list`", .value_name = "NAME"});
  return {.name = "caractrl",
          .summary = "Projects on a Caravanserai cluster",
          .positionals_help = "[NAME...]",
          .flags = std::move(flags)};
}

Result<Connection> connection_of(const Context& context, const host::Flags& given) {
  const Result<host::Flags> flags = with_context(context, given);
  if (!flags) return flags.error();
  const std::string& user = flags->text("user");
  if (!user.empty() && !schema::is_token(user)) {
    return invalid("--user may have letters, digits, `-` and `_` only, not `" +
                   schema::printable(user) + "`");
  }
  const std::string id = user.empty() ? token_of(context.login_name()) : user;
  return Connection{.url = flags->text("nats"),
                    .identity = {*schema::parse_role(flags->text("role")), id},
                    .log_level = flags->text("log-level"),
                    .log_format = flags->text("log-format"),
                    .access = host::bus_access(*flags)};
}

Result<std::unique_ptr<Api>> connect(const Context& context, const host::Flags& flags) {
  const Result<Connection> connection = connection_of(context, flags);
  if (!connection) return connection.error();
  return context.connect(*connection);
}

Exit run(Context& context, const std::vector<std::string>& words) {
  const std::size_t at = find_verb_word(words);
  if (at == words.size()) return run_without_verb(context, words);
  const std::string name = words[at];
  std::vector<std::string> rest = words;
  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(at));
  if (name == "help") return help(context, rest);
  if (name == kCompleteWord) return run_complete(context, rest);
  const Verb* verb = find_verb(name);
  const auto work = [&] {
    return verb == nullptr ? unknown_verb(context, name) : run_verb(context, *verb, rest);
  };
  return asks_for_json(rest) ? with_json_errors(context, work) : work();
}

}  // namespace cara::cli
