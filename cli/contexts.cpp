#include "cli/contexts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>

#include "cli/render.h"
#include "schema/describe.h"
#include "schema/formats.h"
#include "schema/words.h"
#include "services/runtime/host/read_file.h"
#include "services/runtime/host/write_all.h"
#include "services/runtime/host/yaml.h"

namespace cara::cli {
namespace {

constexpr std::array kSettings{"nats",    "user",      "role",     "nats-creds",      "nats-nkey",
                               "nats-ca", "nats-cert", "nats-key", "nats-server-name"};

// Reads one file; remembers where it is for what it finds wrong.
class Reader {
 public:
  Reader(const std::string& path, const host::YamlDocument& document)
      : path_(path), document_(document) {}

  Result<Contexts> read() const {
    const Map* top = document_.value.as_map();
    if (top == nullptr) return wrong("", "expected `current` and `contexts`");
    Contexts contexts;
    for (const auto& [key, value] : *top) {
      if (key == "current") {
        const auto text = text_of(value);
        if (!text) return wrong(key, "`current` is the name of a context");
        contexts.current = *text;
      } else if (key == "contexts") {
        if (auto taken = take_all(contexts, value); !taken) return taken.error();
      } else {
        return unknown(key, key, {"current", "contexts"});
      }
    }
    if (!contexts.current.empty() && !contexts.named.contains(contexts.current)) {
      return wrong("current", "there is no context `" + contexts.current + "`");
    }
    return contexts;
  }

 private:
  static std::optional<std::string> text_of(const Value& value) {
    if (const auto* plain = std::get_if<Plain>(&value.data())) return plain->text;
    if (const auto* text = value.as_string()) return *text;
    return std::nullopt;
  }

  Error wrong(const std::string& where, const std::string& what) const {
    return invalid(path_ + ":" + std::to_string(document_.line_of(where)) + ": " + what);
  }

  Error unknown(const std::string& where, const std::string& name,
                const std::vector<std::string>& known) const {
    return wrong(where, "`" + name + "` is no setting" + schema::hint_for(name, known));
  }

  Result<Ok> take_all(Contexts& contexts, const Value& value) const {
    const Map* map = value.as_map();
    if (map == nullptr) return wrong("contexts", "expected contexts by name");
    for (const auto& [name, settings] : *map) {
      const std::string where = "contexts." + name;
      if (!schema::is_token(name)) {
        return wrong(where, "`" + name + "` is no name: letters, digits, `-` and `_` only");
      }
      const Map* entries = settings.as_map();
      if (entries == nullptr) return wrong(where, "expected settings, such as `nats: URL`");
      for (const auto& [key, setting] : *entries) {
        if (auto taken = take(contexts.named[name], where, key, setting); !taken) return taken;
      }
    }
    return Ok{};
  }

  Result<Ok> take(std::map<std::string, std::string>& settings, const std::string& context,
                  const std::string& key, const Value& value) const {
    const std::string where = context + "." + key;
    if (std::find(kSettings.begin(), kSettings.end(), key) == kSettings.end()) {
      return unknown(where, key, {kSettings.begin(), kSettings.end()});
    }
    const auto text = text_of(value);
    if (!text) return wrong(where, "`" + key + "` is a text");
    if (key == "role" && *text != "admin" && *text != "viewer") {
      return wrong(where, "`" + *text + "` is none of admin, viewer");
    }
    if (key == "user" && !schema::is_token(*text)) {
      return wrong(where, "`" + *text + "` is no user: letters, digits, `-` and `_` only");
    }
    settings[key] = *text;
    return Ok{};
  }

  const std::string& path_;
  const host::YamlDocument& document_;
};

Error failed(const std::string& path, int why) {
  return invalid(path + " cannot be written: " + std::strerror(why));
}

}  // namespace

Result<std::string> contexts_path(const host::Environment& environment) {
  const std::string folder = environment("XDG_CONFIG_HOME").value_or("");
  // As the XDG Base Directory Specification has it: a relative one does not count.
  if (folder.starts_with('/')) return folder + "/caravanserai/config.yaml";
  const std::string home = environment("HOME").value_or("");
  if (!home.empty()) return home + "/.config/caravanserai/config.yaml";
  return invalid("contexts have no place: neither HOME nor XDG_CONFIG_HOME is set");
}

Result<Contexts> read_contexts(const std::string& path) {
  const auto text = host::read_file(path);
  if (!text && (errno == ENOENT || errno == ENOTDIR)) return Contexts{};
  if (!text) return invalid(path + " cannot be read: " + std::strerror(errno));
  const auto documents = host::read_yaml(*text);
  if (!documents) {
    // `line 3: ...`
    std::string words = documents.error().message;
    if (words.starts_with("line ")) words = path + ":" + words.substr(5);
    return invalid(words);
  }
  if (documents->empty()) return Contexts{};
  return Reader(path, documents->front()).read();
}

Result<Ok> write_contexts(const std::string& path, const Contexts& contexts) {
  Map named;
  for (const auto& [name, settings] : contexts.named) {
    Map entries;
    for (const auto& [key, text] : settings) entries.push_back({key, Value(text)});
    named.push_back({name, Value(std::move(entries))});
  }
  Map top;
  if (!contexts.current.empty()) top.push_back({"current", Value(contexts.current)});
  top.push_back({"contexts", Value(std::move(named))});
  const std::string text =
      "# Written by `caractrl context`. Precedence: flag, environment, context, default.\n" +
      to_yaml(Value(std::move(top)));

  std::error_code ignored;  // what is wrong with the folder shows at the file
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  const std::string part = path + "." + std::to_string(getpid());
  const int fd = open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return failed(path, errno);
  const bool written = host::write_all(fd, text) && fsync(fd) == 0;
  const int why = errno;
  close(fd);
  if (written && std::rename(part.c_str(), path.c_str()) == 0) return Ok{};
  const Error error = failed(path, written ? errno : why);
  unlink(part.c_str());
  return error;
}

std::string chosen_context(const host::Flags& flags, const Contexts& contexts) {
  const std::string& named = flags.text("context");
  return named.empty() ? contexts.current : named;
}

Result<host::Flags> with_context(const Context& context, const host::Flags& flags) {
  const auto path = contexts_path(context.environment);
  if (!path && flags.text("context").empty()) return flags;
  if (!path) return path.error();
  const auto contexts = read_contexts(*path);
  if (!contexts) return contexts.error();
  const std::string name = chosen_context(flags, *contexts);
  if (name.empty()) return flags;
  const auto found = contexts->named.find(name);
  if (found == contexts->named.end()) {
    std::vector<std::string> known;
    for (const auto& [other, settings] : contexts->named) known.push_back(other);
    const std::string near = schema::nearest_name(name, known);
    return invalid("there is no context `" + schema::printable(name) + "`" +
                   (near.empty() ? ": `caractrl context list` has those that there are"
                                 : "; did you mean `" + near + "`?"));
  }
  host::Flags filled = flags;
  for (const auto& [key, text] : found->second) filled.fill(key, text);
  return filled;
}

}  // namespace cara::cli
