// Verb: one command of caractrl, and the table of all. A new one: its file, and a line in verbs().
#pragma once

#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/context.h"
#include "cli/render.h"
#include "services/runtime/host/flags.h"

namespace cara::cli {

struct Verb {
  std::string_view name;
  std::string_view summary;           // one line
  std::string_view usage;             // behind `caractrl`
  std::string_view details;           // paragraphs and examples
  std::vector<host::FlagSpec> flags;  // besides those of every verb
  Exit (*run)(Context&, const host::Flags&);
  // A filter: it takes no flags and no names, and reads no environment and no configuration.
  bool bare = false;
};

const Verb& apply_verb();
const Verb& get_verb();
const Verb& describe_verb();
const Verb& explain_verb();
const Verb& delete_verb();
const Verb& rollout_verb();
const Verb& diff_verb();
const Verb& edit_verb();
const Verb& wait_verb();
const Verb& stop_verb();
const Verb& start_verb();
const Verb& restart_verb();
const Verb& annotate_verb();
const Verb& events_verb();
const Verb& cordon_verb();
const Verb& uncordon_verb();
const Verb& drain_verb();
const Verb& label_verb();
const Verb& taint_verb();
const Verb& cluster_verb();
const Verb& logs_verb();
const Verb& exec_verb();
const Verb& forward_verb();
const Verb& copy_verb();
const Verb& top_verb();
const Verb& context_verb();
const Verb& bus_verb();
const Verb& completion_verb();
const Verb& man_verb();
const Verb& version_verb();
const Verb& backup_verb();
const Verb& msgpack2json_verb();
const Verb& json2msgpack_verb();

const std::vector<const Verb*>& verbs();
const Verb* find_verb(std::string_view name);  // null: there is none

// `environment` of a flag that no environment variable sets.
inline constexpr const char* kNoEnvironment = "-";
host::FlagSpec switch_flag(const char* name, const char* help, const char* letter = "");
host::FlagSpec duration_flag(const char* name, const char* help, const char* preset);
host::FlagSpec output_flag();
host::FlagSpec answer_timeout_flag();  // `--timeout`, of each request
// REQUIRES: the verb has output_flag().
Output output_of(const host::Flags& flags);
bool wants_wide(const host::Flags& flags);  // a table with more columns
// Those of every verb; `flags` with them is what its command line takes.
host::ProgramSpec program_of(std::vector<host::FlagSpec> flags);

// To where and as whom: flags, environment, context. kInvalid: --user is no name, or there is no
// such context.
Result<Connection> connection_of(const Context& context, const host::Flags& flags);
// A client of the control plane there.
Result<std::unique_ptr<Api>> connect(const Context& context, const host::Flags& flags);

void print_help(std::ostream& out);
void print_help(std::ostream& out, const Verb& verb);
void print_flags_help(std::ostream& out);  // of every command, and the exit codes

// `words` is the command line without the program.
Exit run(Context& context, const std::vector<std::string>& words);

}  // namespace cara::cli
