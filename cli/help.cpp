// --help, made of the table of verbs.
#include <algorithm>
#include <ostream>

#include "cli/verb.h"

namespace cara::cli {
namespace {

std::string heading(const host::FlagSpec& flag) {
  std::string text = flag.letter.empty() ? "    " : "-" + flag.letter + ", ";
  text += "--" + flag.name;
  if (flag.kind != host::FlagKind::kSwitch) text += " " + flag.value_name;
  return text;
}

std::string environment_of(const host::FlagSpec& flag) {
  if (flag.environment == kNoEnvironment) return "";
  if (!flag.environment.empty()) return " [" + flag.environment + "]";
  std::string name = "CARA_";
  for (const char c : flag.name) name += c == '-' ? '_' : static_cast<char>(c & ~0x20);
  return " [" + name + "]";
}

void print_flags(std::ostream& out, std::vector<host::FlagSpec> flags) {
  flags = program_of(std::move(flags)).flags;
  flags.insert(flags.end(), host::common_flags().begin(), host::common_flags().end());
  flags.push_back({.name = "help",
                   .help = "Print this text",
                   .kind = host::FlagKind::kSwitch,
                   .environment = kNoEnvironment,
                   .letter = "h"});
  std::size_t width = 0;
  for (const auto& flag : flags) width = std::max(width, heading(flag).size());
  for (const auto& flag : flags) {
    const std::string text = heading(flag);
    out << "  " << text << std::string(width - text.size() + 2, ' ') << flag.help;
    if (!flag.default_value.empty()) out << " (default " << flag.default_value << ")";
    out << environment_of(flag) << "\n";
  }
}

constexpr const char* kExitCodes =
    "Exit codes:\n"
    "    0  done\n"
    "    1  the server refused or failed, or there is no such object\n"
    "    2  bad usage, or an invalid manifest\n"
    "    3  no NATS server, or no control plane behind it\n"
    "    4  no answer in time: it may or may not have happened\n"
    "    5  not permitted, by the NATS server or the control plane\n"
    "  130  interrupted\n";

}  // namespace

void print_help(std::ostream& out) {
  out << "caractrl: projects on a Caravanserai cluster.\n\nUsage: caractrl COMMAND [NAME...] "
         "[FLAGS]"
         "\n\nCommands:\n";
  std::size_t width = 0;
  for (const Verb* verb : verbs()) width = std::max(width, verb->name.size());
  for (const Verb* verb : verbs()) {
    out << "  " << verb->name << std::string(width - verb->name.size() + 2, ' ') << verb->summary
        << "\n";
  }
  out << "  help" << std::string(width - 4 + 2, ' ') << "Show the help of a command\n\nFlags:\n";
  print_flags(out, {});
  out << "\n" << kExitCodes << "\n`caractrl help COMMAND` has examples.\n";
}

void print_help(std::ostream& out, const Verb& verb) {
  out << verb.summary << ".\n\nUsage: caractrl " << verb.usage << "\n\n" << verb.details;
  out << "\nFlags:\n";
  print_flags(out, verb.flags);
  out << "\n" << kExitCodes;
}

}  // namespace cara::cli
