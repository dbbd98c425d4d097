// caractrl context: the ways to clusters that a user has given names.
#include <algorithm>
#include <array>
#include <filesystem>

#include "cli/contexts.h"
#include "cli/say.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "schema/formats.h"
#include "schema/words.h"
#include "services/runtime/host/nats_connection.h"

namespace cara::cli {
namespace {

constexpr std::array kFiles{"nats-creds", "nats-nkey", "nats-ca", "nats-cert", "nats-key"};
constexpr std::array kWords{"nats", "user", "role", "nats-server-name"};

struct Command {
  Context& context;
  const host::Flags& flags;
  std::string path;
  Contexts contexts;
  std::string name;  // empty: none was given

  Exit save(const std::string& sentence) {
    if (auto written = write_contexts(path, contexts); !written) {
      return say_error(context, written.error());
    }
    context.out << "context/" << name << " " << sentence << "\n";
    return kDone;
  }

  Exit unknown() const {
    return say_error(context, not_found("there is no context `" + schema::printable(name) +
                                        "`: `caractrl context list` has those that there are"));
  }
};

Exit add(Command& command) {
  if (!schema::is_token(command.name)) {
    return say_error(command.context, invalid("a context's name has letters, digits, `-` and `_` "
                                              "only, not `" +
                                              schema::printable(command.name) + "`"));
  }
  std::map<std::string, std::string> settings;
  for (const char* key : kWords) {
    if (!command.flags.is_default(key)) settings[key] = command.flags.text(key);
  }
  for (const char* key : kFiles) {
    if (command.flags.is_default(key)) continue;
    const std::string& file = command.flags.text(key);
    // The context is used from other folders as well.
    settings[key] = file.empty() ? "" : std::filesystem::absolute(file).lexically_normal().string();
  }
  for (const auto& [key, text] : settings) {
    if (!text.empty()) continue;
    return say_usage(command.context, "context",
                     "--" + key + " is empty: leave it out, or name it");
  }
  if (settings.empty()) return say_usage(command.context, "context", "to where? Name it by --nats");
  const bool known = command.contexts.named.contains(command.name);
  command.contexts.named[command.name] = std::move(settings);
  const bool first = command.contexts.current.empty();
  if (first) command.contexts.current = command.name;
  return command.save(std::string(known ? "changed" : "added") + (first ? " and used" : ""));
}

Exit use(Command& command) {
  if (!command.contexts.named.contains(command.name)) return command.unknown();
  command.contexts.current = command.name;
  return command.save("used");
}

Exit remove(Command& command) {
  if (command.contexts.named.erase(command.name) == 0) return command.unknown();
  if (command.contexts.current == command.name) command.contexts.current.clear();
  return command.save("removed");
}

Exit list(Command& command) {
  const std::string chosen = chosen_context(command.flags, command.contexts);
  Table table({"CURRENT", "NAME", "NATS", "ROLE", "USER"});
  for (const auto& [name, settings] : command.contexts.named) {
    const auto text = [&settings = settings](const char* key, const char* otherwise) {
      const auto found = settings.find(key);
      return found == settings.end() ? std::string(otherwise) : found->second;
    };
    table.add({name == chosen ? "*" : "", name,
               host::printable_url(text("nats", "nats://127.0.0.1:4222")), text("role", "admin"),
               text("user", "<login name>")});
  }
  table.print(command.context.out);
  return kDone;
}

// What the next command would do, and why.
Exit show(Command& command) {
  const auto filled = with_context(command.context, command.flags);
  if (!filled) return say_error(command.context, filled.error());
  const std::string chosen = chosen_context(command.flags, command.contexts);
  Table table({"SETTING", "VALUE", "FROM"});
  table.add({"context", chosen.empty() ? "<none>" : chosen,
             command.flags.is_default("context") ? command.path : "flag or environment"});
  std::vector<std::string> keys(kWords.begin(), kWords.end());
  keys.insert(keys.end(), kFiles.begin(), kFiles.end());
  for (const std::string& key : keys) {
    const std::string& value = filled->text(key);
    if (value.empty()) continue;
    const bool given = !command.flags.is_default(key);
    const bool in_context = !chosen.empty() && command.contexts.named[chosen].contains(key);
    table.add({key, key == "nats" ? host::printable_url(value) : value,
               given ? "flag or environment" : (in_context ? "context" : "default")});
  }
  table.print(command.context.out);
  return kDone;
}

struct Action {
  const char* name;
  bool takes_name;
  Exit (*run)(Command&);
};
constexpr std::array<Action, 5> kActions{{{"add", true, add},
                                          {"use", true, use},
                                          {"list", false, list},
                                          {"show", false, show},
                                          {"remove", true, remove}}};

Exit run_context(Context& context, const host::Flags& flags) {
  const std::vector<std::string>& words = flags.positionals();
  if (words.empty()) {
    return say_usage(context, "context", "what? Say `add`, `use`, `list`, `show` or `remove`");
  }
  const auto* action = std::find_if(kActions.begin(), kActions.end(),
                                    [&](const Action& one) { return words[0] == one.name; });
  if (action == kActions.end()) {
    return say_usage(context, "context",
                     "`" + schema::printable(words[0]) + "` is nothing to do with a context" +
                         schema::hint_for(words[0], {"add", "use", "list", "show", "remove"}));
  }
  if (words.size() != (action->takes_name ? 2U : 1U)) {
    return say_usage(context, "context",
                     action->takes_name
                         ? "`context " + words[0] + "` takes one name"
                         : "`context " + words[0] + "` takes no name; --context says which one");
  }
  const auto path = contexts_path(context.environment);
  if (!path) return say_error(context, path.error());
  auto contexts = read_contexts(*path);
  if (!contexts) return say_error(context, contexts.error());
  Command command{context, flags, *path, std::move(*contexts), action->takes_name ? words[1] : ""};
  return action->run(command);
}

}  // namespace

const Verb& context_verb() {
  static const Verb kVerb{
      .name = "context",
      .summary = "Give ways to clusters a name, and choose one",
      .usage = "context add NAME | use NAME | list | show | remove NAME",
      .details =
          "`add` keeps what this command line (and the environment) says of the connection: "
          "--nats,\n"
          "--user, --role and the other --nats-... flags; the first one is used at once, and one\n"
          "of the same name is replaced. `show` prints what holds now and why: a flag wins over "
          "the\n"
          "environment, that over --config, that over the context, and that over the default. The\n"
          "file is caravanserai/config.yaml in $XDG_CONFIG_HOME or ~/.config.\n"
          "\n"
          "Examples:\n"
          "  caractrl context add prod --nats tls://nats.example:4222 --user jane \\\n"
          "      --nats-nkey ~/jane.nk --nats-ca ~/ca.crt\n"
          "  caractrl context use prod\n"
          "  caractrl --context staging get projects\n"
          "  CARA_CONTEXT=staging caractrl context show\n",
      .flags = {},
      .run = run_context};
  return kVerb;
}

}  // namespace cara::cli
