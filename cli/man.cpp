// caractrl man: the manual page, made of the tables that --help is made of.
#include <ostream>

#include "cli/help.h"
#include "cli/say.h"

namespace cara::cli {
namespace {

// Text as roff has it: no line of it is a command, no dash a hyphen.
std::string roff(std::string_view text) {
  std::string escaped;
  bool begins = true;
  for (const char c : text) {
    if (begins && (c == '.' || c == '\'')) escaped += "\\&";
    begins = c == '\n';
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

void print_flag(std::ostream& out, const host::FlagSpec& flag) {
  std::string heading = flag_heading(flag);
  heading.erase(0, heading.find_first_not_of(' '));
  const std::string more = flag_footnote(flag);
  out << ".TP\n.B " << roff(heading) << "\n" << roff(flag.help);
  if (!more.empty()) out << " " << roff(more);
  out << "\n";
}

// Paragraphs, and examples as they are.
void print_details(std::ostream& out, std::string_view details) {
  bool verbatim = false;
  while (!details.empty()) {
    const std::size_t end = std::min(details.find('\n'), details.size());
    const std::string_view line = details.substr(0, end);
    details.remove_prefix(std::min(end + 1, details.size()));
    const bool indented = line.starts_with("  ");
    if (indented != verbatim && !line.empty()) {
      out << (indented ? ".RS 4\n.nf\n" : ".fi\n.RE\n");
      verbatim = indented;
    }
    if (!line.empty()) {
      out << roff(line.substr(indented ? 2 : 0)) << "\n";
    } else if (!details.empty()) {
      if (verbatim) out << ".fi\n.RE\n";
      verbatim = false;
      out << ".PP\n";
    }
  }
  if (verbatim) out << ".fi\n.RE\n";
}

void print_verb(std::ostream& out, const Verb& verb) {
  out << ".SS caractrl " << roff(verb.usage) << "\n" << roff(verb.summary) << ".\n.PP\n";
  print_details(out, verb.details);
  for (const host::FlagSpec& flag : verb.flags) print_flag(out, flag);
}

Exit print_page(Context& context, const host::Flags& flags) {
  if (!flags.positionals().empty()) return say_usage(context, "man", "man takes no names");
  std::ostream& out = context.out;
  out << ".TH CARACTRL 1 \"\" \"caractrl " << CARA_VERSION << "\" \"Caravanserai\"\n"
      << ".SH NAME\ncaractrl \\- projects on a Caravanserai cluster\n"
      << ".SH SYNOPSIS\n.B caractrl\n.I COMMAND\n[\\fINAME\\fR...] [\\fIFLAGS\\fR]\n"
      << ".SH DESCRIPTION\ncaractrl speaks to the control plane of a cluster by a NATS server, and "
         "to nothing else.\n";
  for (const HelpGroup& group : help_groups()) {
    std::string title(group.title);
    for (char& c : title) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c;
    out << ".SH " << title << "\n";
    for (const Verb* verb : group.verbs) print_verb(out, *verb);
  }
  out << ".SH FLAGS OF EVERY COMMAND\n"
      << "A flag wins over its environment variable (in brackets), that over the file of "
         "\\-\\-config,\nthat over the context, and that over the default.\n";
  for (const host::FlagSpec& flag : global_flags()) print_flag(out, flag);
  out << ".SH EXIT STATUS\n";
  for (const ExitText& exit : exit_texts()) {
    out << ".TP\n.B " << exit.code << "\n" << roff(exit.text) << "\n";
  }
  out << ".SH FILES\n.TP\n.I ~/.config/caravanserai/config.yaml\n"
         "Contexts; below $XDG_CONFIG_HOME if that is set.\n"
      << ".SH ENVIRONMENT\nNO_COLOR and TERM=dumb: plain text on a terminal, too.\n";
  return kDone;
}

}  // namespace

const Verb& man_verb() {
  static const Verb kVerb{.name = "man",
                          .summary = "Print the manual page of all commands",
                          .usage = "man",
                          .details =
                              "For man(1), in roff.\n"
                              "\n"
                              "Examples:\n"
                              "  caractrl man | man -l -\n"
                              "  caractrl man >/usr/local/share/man/man1/caractrl.1\n",
                          .flags = {},
                          .run = print_page};
  return kVerb;
}

}  // namespace cara::cli
