// --help, made of the table of verbs.
#include "cli/help.h"

#include <algorithm>
#include <ostream>

namespace cara::cli {
namespace {

struct GroupNames {
  std::string_view title;
  std::vector<std::string_view> verbs;
};

const std::vector<GroupNames>& group_names() {
  static const std::vector<GroupNames> kGroups{
      {"Say what should run", {"apply", "diff", "edit", "delete", "label", "annotate"}},
      {"See what is", {"get", "describe", "events", "top", "wait", "explain"}},
      {"Reach into projects", {"logs", "exec", "port-forward", "cp"}},
      {"Look at the bus", {"msgpack2json", "json2msgpack"}},
      {"Operate projects", {"restart", "stop", "start", "rollout"}},
      {"Operate nodes and the cluster",
       {"cordon", "uncordon", "drain", "taint", "cluster", "backup"}},
      {"Set up", {"context", "bus", "completion", "man", "version"}}};
  return kGroups;
}

void print_flags(std::ostream& out, const std::vector<host::FlagSpec>& flags) {
  std::size_t width = 0;
  for (const auto& flag : flags) width = std::max(width, flag_heading(flag).size());
  for (const auto& flag : flags) {
    const std::string text = flag_heading(flag);
    const std::string more = flag_footnote(flag);
    out << "  " << text << std::string(width - text.size() + 2, ' ') << flag.help
        << (more.empty() ? "" : " ") << more << "\n";
  }
}

void print_exit_codes(std::ostream& out) {
  out << "\nExit codes:\n";
  for (const ExitText& exit : exit_texts()) {
    const std::string code = std::to_string(exit.code);
    out << std::string(5 - code.size(), ' ') << code << "  " << exit.text << "\n";
  }
}

}  // namespace

std::vector<HelpGroup> help_groups() {
  std::vector<HelpGroup> groups;
  std::vector<const Verb*> rest = verbs();
  for (const GroupNames& names : group_names()) {
    HelpGroup group{names.title, {}};
    for (const std::string_view name : names.verbs) {
      const Verb* verb = find_verb(name);
      if (verb == nullptr) continue;
      group.verbs.push_back(verb);
      std::erase(rest, verb);
    }
    if (!group.verbs.empty()) groups.push_back(std::move(group));
  }
  if (!rest.empty()) groups.push_back({"More", std::move(rest)});
  return groups;
}

std::string flag_heading(const host::FlagSpec& flag) {
  std::string text = flag.letter.empty() ? "    " : "-" + flag.letter + ", ";
  text += "--" + flag.name;
  if (flag.kind != host::FlagKind::kSwitch) text += " " + flag.value_name;
  return text;
}

std::string flag_footnote(const host::FlagSpec& flag) {
  std::string text;
  const bool is_off = flag.kind == host::FlagKind::kSwitch && flag.default_value == "false";
  if (!flag.default_value.empty() && !is_off) text = "(default " + flag.default_value + ")";
  if (flag.environment == kNoEnvironment) return text;
  std::string name = flag.environment;
  if (name.empty()) {
    name = "CARA_";
    for (const char c : flag.name) name += c == '-' ? '_' : static_cast<char>(c & ~0x20);
  }
  return text + (text.empty() ? "[" : " [") + name + "]";
}

std::vector<host::FlagSpec> global_flags() {
  std::vector<host::FlagSpec> flags = program_of({}).flags;
  flags.insert(flags.end(), host::common_flags().begin(), host::common_flags().end());
  flags.push_back({.name = "help",
                   .help = "Print this text",
                   .kind = host::FlagKind::kSwitch,
                   .environment = kNoEnvironment,
                   .letter = "h"});
  return flags;
}

const std::vector<ExitText>& exit_texts() {
  static const std::vector<ExitText> kTexts{
      {kDone, "done"},
      {kRefused, "the server refused or failed, or there is no such object"},
      {kBadInput, "bad usage, or an invalid manifest"},
      {kNoConnection, "no NATS server, or no control plane behind it"},
      {kTimedOut, "no answer in time: it may or may not have happened"},
      {kNotPermitted, "not permitted, by the NATS server or the control plane"},
      {kInterrupted, "interrupted"}};
  return kTexts;
}

void print_help(std::ostream& out) {
  out << "caractrl: projects on a Caravanserai cluster.\n\n"
         "Usage: caractrl COMMAND [NAME...] [FLAGS]\n";
  std::size_t width = 0;
  for (const Verb* verb : verbs()) width = std::max(width, verb->name.size());
  const auto line = [&](std::string_view name, std::string_view summary) {
    out << "  " << name << std::string(width - name.size() + 2, ' ') << summary << "\n";
  };
  for (const HelpGroup& group : help_groups()) {
    out << "\n" << group.title << ":\n";
    for (const Verb* verb : group.verbs) line(verb->name, verb->summary);
  }
  line("help", "Show the help of a command");
  out << "\n`caractrl COMMAND --help` has details and examples, `caractrl help flags` the flags of "
         "every\ncommand and the exit codes, `caractrl man | man -l -` all of it.\n";
}

void print_flags_help(std::ostream& out) {
  out << "Flags of every command:\n";
  print_flags(out, global_flags());
  print_exit_codes(out);
}

void print_help(std::ostream& out, const Verb& verb) {
  out << verb.summary << ".\n\nUsage: caractrl " << verb.usage << "\n\n" << verb.details;
  if (!verb.flags.empty()) {
    out << "\nFlags:\n";
    print_flags(out, verb.flags);
  }
  if (!verb.bare) out << "\nFlags of every command, such as --context: `caractrl help flags`\n";
  print_exit_codes(out);
}

}  // namespace cara::cli
