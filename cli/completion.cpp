#include "cli/completion.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <ostream>

#include "cli/contexts.h"
#include "cli/lists.h"
#include "cli/verb.h"
#include "schema/formats.h"
#include "schema/wire.h"

namespace cara::cli {
namespace {

// A person waits for the key to do something.
constexpr std::chrono::milliseconds kPatience{800};
constexpr std::size_t kMaxOffers = 500;

enum class Place {
  kNothing,
  kFile,
  kType,    // projects, nodes
  kOfType,  // names of the type that the word before says
  kProject,
  kNode,
  kService,  // PROJECT/SERVICE
  kVerb,
  kContext,
  kOneOf,  // the words of the line itself
};

// What the positional words of a verb are. The last place repeats.
struct Line {
  std::string_view verb;
  std::string_view first;  // empty, or what the first word must be
  std::vector<Place> places;
  std::vector<std::string> words;  // for kOneOf
};

const std::vector<Line>& lines() {
  using enum Place;
  static const std::vector<Line> kLines{
      {"get", "", {kType, kOfType}, {}},
      {"describe", "", {kType, kOfType}, {}},
      {"delete", "", {kType, kOfType}, {}},
      {"events", "", {kType, kOfType}, {}},
      {"edit", "", {kType, kOfType, kNothing}, {}},
      {"label", "", {kType, kOfType, kNothing}, {}},
      {"annotate", "", {kType, kOfType, kNothing}, {}},
      {"wait", "", {kType, kOfType}, {}},
      {"taint", "", {kOneOf, kNode, kNothing}, {"node"}},
      {"cordon", "", {kNode}, {}},
      {"uncordon", "", {kNode}, {}},
      {"drain", "", {kNode, kNothing}, {}},
      {"rollout", "", {kOneOf, kOneOf, kProject, kNothing}, {"history", "undo", "project"}},
      {"restart", "", {kOneOf, kService}, {"project"}},
      {"stop", "", {kOneOf, kProject}, {"project"}},
      {"start", "", {kOneOf, kProject}, {"project"}},
      {"logs", "", {kService, kNothing}, {}},
      {"exec", "", {kService, kNothing}, {}},
      {"port-forward", "", {kService, kNothing}, {}},
      {"cp", "", {kService, kFile}, {}},
      {"top", "", {kType, kOfType}, {}},
      {"cluster", "", {kOneOf, kNothing}, {"info", "allow-moves"}},
      {"context", "add", {kNothing}, {}},
      {"context", "list", {kNothing}, {}},
      {"context", "show", {kNothing}, {}},
      {"context", "", {kOneOf, kContext, kNothing}, {"add", "use", "list", "show", "remove"}},
      {"bus", "key", {kNothing, kFile}, {}},
      {"bus", "", {kOneOf, kNothing}, {"key", "config", "permissions"}},
      {"completion", "", {kOneOf, kNothing}, {"bash", "zsh", "fish"}},
      {"help", "", {kVerb, kNothing}, {}},
      {"backup", "", {kFile}, {}},
  };
  return kLines;
}

class Completer {
 public:
  Completer(Context& context, const std::vector<std::string>& words)
      : context_(context), current_(words.empty() ? "" : words.back()) {
    for (std::size_t i = 0; i + 1 < words.size(); ++i) read(words[i]);
  }

  Offers offers() {
    if (behind_dashes_) {
      offers_.files = true;  // a command in a container: as good as any
    } else if (awaiting_ != nullptr) {
      offer_values(*awaiting_, "");
    } else if (const auto equals = current_.find('=');
               current_.starts_with("--") && equals != std::string::npos) {
      const host::FlagSpec* flag = find_flag(current_.substr(0, equals));
      if (flag != nullptr) offer_values(*flag, current_.substr(0, equals + 1));
    } else if (current_.starts_with('-')) {
      offer_flags();
    } else if (verb_.empty()) {
      offer_verbs();
    } else {
      offer_positional();
    }
    std::sort(offers_.words.begin(), offers_.words.end(),
              [](const Offer& a, const Offer& b) { return a.word < b.word; });
    if (offers_.words.size() > kMaxOffers) offers_.words.resize(kMaxOffers);
    return std::move(offers_);
  }

 private:
  // --- What stands before the cursor.

  void read(const std::string& word) {
    if (behind_dashes_) return;
    if (awaiting_ != nullptr) {
      given_[awaiting_->name] = word;
      awaiting_ = nullptr;
    } else if (word == "--") {
      behind_dashes_ = true;
    } else if (word.size() > 1 && word.front() == '-') {
      const std::size_t equals = word.find('=');
      const host::FlagSpec* flag = find_flag(word.substr(0, equals));
      if (flag == nullptr) return;
      given_[flag->name] = equals == std::string::npos ? "" : word.substr(equals + 1);
      if (equals == std::string::npos && flag->kind != host::FlagKind::kSwitch) awaiting_ = flag;
    } else if (verb_.empty()) {
      verb_ = word;
      flags_.clear();
    } else {
      positionals_.push_back(word);
    }
  }

  const std::vector<host::FlagSpec>& flags() {
    if (!flags_.empty()) return flags_;
    const Verb* verb = find_verb(verb_);
    flags_ = program_of(verb == nullptr ? std::vector<host::FlagSpec>{} : verb->flags).flags;
    flags_.insert(flags_.end(), host::common_flags().begin(), host::common_flags().end());
    flags_.push_back({.name = "help",
                      .help = "Print the help of this command",
                      .kind = host::FlagKind::kSwitch,
                      .letter = "h"});
    return flags_;
  }

  const host::FlagSpec* find_flag(const std::string& word) {
    for (const host::FlagSpec& flag : flags()) {
      if (word == "--" + flag.name || (!flag.letter.empty() && word == "-" + flag.letter)) {
        return &flag;
      }
    }
    return nullptr;
  }

  // --- What may stand there.

  // Words with control characters are no names of ours.
  void offer(const std::string& word, std::string_view help = "") {
    if (word.starts_with(current_) && schema::printable(word) == word) {
      offers_.words.push_back({word, std::string(help)});
    }
  }

  void offer_flags() {
    for (const host::FlagSpec& flag : flags()) {
      if (given_.contains(flag.name) && flag.kind != host::FlagKind::kList) continue;
      offer("--" + flag.name, flag.help);
    }
  }

  void offer_verbs() {
    for (const Verb* verb : verbs()) offer(std::string(verb->name), verb->summary);
    offer("help", "Show the help of a command");
  }

  // `before` is `--output=`.
  void offer_values(const host::FlagSpec& flag, const std::string& before) {
    for (const std::string& choice : flag.choices) offer(before + choice);
    if (!flag.choices.empty()) return;
    if (flag.kind == host::FlagKind::kSwitch) {
      for (const char* choice : {"true", "false"}) offer(before + choice);
    }
    if (flag.value_name == "FILE" || flag.value_name == "DIR") offers_.files = true;
    if (flag.name == "context") offer_contexts(before);
    if (flag.name == "node") offer_names("node.list", before);
  }

  void offer_positional() {
    using enum Place;
    const std::string first = positionals_.empty() ? "" : positionals_.front();
    const auto line = std::find_if(lines().begin(), lines().end(), [&](const Line& candidate) {
      return candidate.verb == verb_ &&
             (candidate.first.empty() || (!positionals_.empty() && candidate.first == first));
    });
    if (line == lines().end()) return;
    // A line with a first word describes what is behind it, but for `bus key`, which counts it.
    const std::size_t at = std::min(positionals_.size(), line->places.size() - 1);
    switch (line->places[at]) {
      case kNothing:
        return;
      case kFile:
        offers_.files = true;
        return;
      case kOneOf:
        for (const std::string& word : line->words) {
          const bool behind = verb_ == "rollout" && positionals_.size() == 1;
          if (verb_ != "rollout" || behind == (word == "project")) offer(word);
        }
        return;
      case kVerb:
        return offer_verbs();
      case kContext:
        return offer_contexts("");
      case kProject:
        return offer_names("project.list", "");
      case kNode:
        return offer_names("node.list", "");
      case kService:
        return offer_services();
      case kType:
        return offer_types();
      case kOfType:
        return offer_names(positionals_.back().starts_with("node") || first.starts_with("node")
                               ? "node.list"
                               : "project.list",
                           "");
    }
  }

  void offer_types() {
    const bool many = verb_ == "get" || verb_ == "top";
    for (const char* type : {"project", "node"}) offer(std::string(type) + (many ? "s" : ""));
    if (verb_ == "get") offer("ingress");
  }

  void offer_contexts(const std::string& before) {
    const auto path = contexts_path(context_.environment);
    if (!path) return;
    const auto contexts = read_contexts(*path);
    if (!contexts) return;
    for (const auto& [name, settings] : contexts->named) {
      const auto url = settings.find("nats");
      offer(before + name, url == settings.end() ? "" : "context");
    }
  }

  // --- Names of the cluster.

  std::unique_ptr<Api> connect_quickly() {
    std::vector<std::string> words;
    for (const auto& [name, value] : given_) {
      const bool of_connection = name.starts_with("nats") || name == "user" || name == "role" ||
                                 name == "context" || name == "config";
      if (of_connection) words.push_back("--" + name + "=" + value);
    }
    const auto parsed = host::Flags::parse(program_of({}), words, context_.environment);
    if (!parsed) return nullptr;
    auto connection = connection_of(context_, *parsed);
    if (!connection) return nullptr;
    connection->connect_timeout = kPatience;
    connection->log_level = "error";
    auto api = context_.connect(*connection);
    return api ? std::move(*api) : nullptr;
  }

  // The last name that sorts before all that begin with `prefix`, or nearly so: a page of what is
  // wanted, not of ten thousand others.
  static std::string before_all(std::string prefix) {
    if (prefix.empty()) return prefix;
    --prefix.back();
    return prefix + "~";
  }

  template <class Page>
  std::optional<Page> page_of(std::string_view operation, const std::string& prefix) {
    const auto api = connect_quickly();
    if (api == nullptr) return std::nullopt;
    const schema::ListRequest request{.after = before_all(prefix), .limit = kMaxOffers};
    const auto body = api->call(operation, schema::pack_message(request), kPatience);
    if (!body) return std::nullopt;
    auto page = schema::unpack_reply<Page>(*body);
    if (!page) return std::nullopt;
    return std::move(*page);
  }

  void offer_names(std::string_view operation, const std::string& before) {
    const std::string prefix = current_.substr(std::min(before.size(), current_.size()));
    if (operation == "node.list") {
      const auto page = page_of<schema::NodeListReply>(operation, prefix);
      if (!page) return;
      for (const schema::Node& node : page->nodes) {
        offer_once(before + node.metadata.name, schema::to_string(node.status.state));
      }
      return;
    }
    const auto page = page_of<schema::ProjectListReply>(operation, prefix);
    if (!page) return;
    for (const schema::Project& project : page->projects) {
      offer_once(before + project.metadata.name, schema::to_string(project.status.phase));
    }
  }

  void offer_once(const std::string& name, std::string_view help) {
    const bool named =
        std::find(positionals_.begin(), positionals_.end(), name) != positionals_.end();
    if (!named) offer(name, help);
  }

  void offer_services() {
    const std::size_t slash = current_.find('/');
    const auto page = page_of<schema::ProjectListReply>("project.list", current_.substr(0, slash));
    if (!page) return;
    for (const schema::Project& project : page->projects) {
      if (slash == std::string::npos) offer(project.metadata.name, "project");
      for (const auto& service : project.spec.services) {
        offer(project.metadata.name + "/" + service.name, service.image);
      }
    }
  }

  Context& context_;
  const std::string current_;
  std::string verb_;
  std::vector<std::string> positionals_;
  std::map<std::string, std::string> given_;  // flags, by name
  std::vector<host::FlagSpec> flags_;         // of the verb, once known
  const host::FlagSpec* awaiting_ = nullptr;  // its value comes next
  bool behind_dashes_ = false;
  Offers offers_;
};

}  // namespace

Offers complete(Context& context, const std::vector<std::string>& words) {
  return Completer(context, words).offers();
}

Exit run_complete(Context& context, std::vector<std::string> words) {
  if (!words.empty() && words.front() == "--") words.erase(words.begin());
  const Offers offers = complete(context, words);
  context.out << (offers.files ? "files\n" : "words\n");
  for (const Offer& offer : offers.words) {
    context.out << offer.word << "\t" << schema::printable(offer.help) << "\n";
  }
  return kDone;
}

}  // namespace cara::cli
