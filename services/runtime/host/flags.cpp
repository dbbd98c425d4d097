#include "services/runtime/host/flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
// A comma in `--label a=1,2` belongs to the value.
#define CXXOPTS_VECTOR_DELIMITER '\0'
#include <cxxopts.hpp>

#include "schema/describe.h"
#include "schema/time.h"
#include "services/runtime/host/flag_file.h"

namespace cara::host {
namespace {

constexpr const char* kPositionals = "positionals";

std::string environment_name(const FlagSpec& flag) {
  if (!flag.environment.empty()) return flag.environment;
  std::string name = "CARA_";
  for (const char c : flag.name) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

std::vector<FlagSpec> all_flags(const ProgramSpec& program) {
  std::vector<FlagSpec> flags = program.flags;
  flags.insert(flags.end(), common_flags().begin(), common_flags().end());
  return flags;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<bool> parse_switch(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

// What is wrong with a value, or nothing.
std::optional<std::string> fault_of(const FlagSpec& flag, const std::string& value) {
  if (!flag.choices.empty() &&
      std::find(flag.choices.begin(), flag.choices.end(), value) == flag.choices.end()) {
    return fmt::format("`{}` is none of {}", value, fmt::join(flag.choices, ", "));
  }
  switch (flag.kind) {
    case FlagKind::kText:
    case FlagKind::kList:
      return std::nullopt;
    case FlagKind::kInteger:
      if (parse_integer(value)) return std::nullopt;
      return fmt::format("`{}` is no whole number", value);
    case FlagKind::kDuration: {
      const auto parsed = parse_duration_ms(value);
      if (parsed) return std::nullopt;
      return parsed.error().message;
    }
    case FlagKind::kSwitch:
      if (parse_switch(value)) return std::nullopt;
      return fmt::format("`{}` is neither true nor false", value);
  }
  return std::nullopt;
}

std::vector<std::string> split_commas(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// The library's words, with its typographic quotes as dashes: `--nats is missing an argument`.
std::string plain_words(std::string words) {
  constexpr std::string_view kOpen = "\xe2\x80\x98";
  constexpr std::string_view kClose = "\xe2\x80\x99";
  const auto replace = [&words](std::string_view from, std::string_view to) {
    for (auto at = words.find(from); at != std::string::npos; at = words.find(from, at)) {
      words.replace(at, from.size(), to);
    }
  };
  replace("Option ", "");
  const std::size_t open = words.find(kOpen);
  const bool letter = open != words.npos && words.find(kClose) == open + kOpen.size() + 1;
  replace(kOpen, letter ? "-" : "--");
  replace(kClose, "");
  return words;
}

cxxopts::Options make_options(const ProgramSpec& program) {
  cxxopts::Options options(program.name, program.summary + "\n");
  auto add = options.add_options();
  for (const FlagSpec& flag : all_flags(program)) {
    const std::string names = flag.letter.empty() ? flag.name : flag.letter + "," + flag.name;
    const std::string name = environment_name(flag);
    std::string help = name == "-" ? flag.help : flag.help + " [" + name + "]";
    if (!flag.default_value.empty()) help += " (default " + flag.default_value + ")";
    auto value = cxxopts::value<std::vector<std::string>>();
    if (flag.kind == FlagKind::kSwitch) value->implicit_value("true");
    add(names, help, value, flag.kind == FlagKind::kSwitch ? "" : flag.value_name);
  }
  add("h,help", "Print this text");
  add("version", "Print the version");
  add(kPositionals, "", cxxopts::value<std::vector<std::string>>());
  options.positional_help(program.positionals_help);
  options.parse_positional(kPositionals);
  options.allow_unrecognised_options();
  return options;
}

}  // namespace

// One parse: command line, then environment, then file, then defaults.
class FlagsParser {
 public:
  FlagsParser(const ProgramSpec& program, const Environment& environment)
      : program_(program), environment_(environment), known_(all_flags(program)) {}

  Result<Flags> parse(const std::vector<std::string>& arguments) {
    if (auto read = read_arguments(arguments); !read) return read.error();
    if (flags_.help_wanted_ || flags_.version_wanted_) return std::move(flags_);
    if (auto read = read_environment(); !read) return read.error();
    if (auto read = read_file(); !read) return read.error();
    for (const FlagSpec& flag : known_) {
      auto& setting = flags_.settings_[flag.name];
      if (setting.is_default && flag.kind != FlagKind::kList) {
        setting.values = {flag.default_value};
      }
    }
    return std::move(flags_);
  }

 private:
  Result<Ok> set(const FlagSpec& flag, std::vector<std::string> values, std::string_view where) {
    for (const std::string& value : values) {
      if (const auto fault = fault_of(flag, value)) {
        return invalid(fmt::format("{}: {}", where, *fault));
      }
    }
    if (flag.kind != FlagKind::kList && values.size() > 1) {
      return invalid(fmt::format("{} is given more than once", where));
    }
    flags_.settings_[flag.name] = {.values = std::move(values), .is_default = false};
    return Ok{};
  }

  Result<Ok> read_arguments(const std::vector<std::string>& arguments) {
    std::vector<const char*> argv{program_.name.c_str()};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    try {
      cxxopts::Options options = make_options(program_);
      const auto result = options.parse(static_cast<int>(argv.size()), argv.data());
      return take(result);
    } catch (const std::exception& e) {  // cxxopts' exceptions have no common public base we need
      return invalid(plain_words(e.what()));
    }
  }

  Result<Ok> take(const cxxopts::ParseResult& result) {
    flags_.help_wanted_ = result.count("help") > 0;
    flags_.version_wanted_ = result.count("version") > 0;
    if (flags_.help_wanted_ || flags_.version_wanted_) return Ok{};
    for (const std::string& extra : result.unmatched()) {
      const std::string flag = extra.substr(0, extra.find('='));
      return invalid(fmt::format("there is no flag {}{}", flag, hint_for(flag)));
    }
    if (result.count(kPositionals) > 0) {
      flags_.positionals_ = result[kPositionals].as<std::vector<std::string>>();
    }
    if (program_.positionals_help.empty() && !flags_.positionals_.empty()) {
      return invalid(fmt::format("unexpected argument `{}`", flags_.positionals_.front()));
    }
    for (const FlagSpec& flag : known_) {
      if (result.count(flag.name) == 0) continue;
      auto done = set(flag, result[flag.name].as<std::vector<std::string>>(), "--" + flag.name);
      if (!done) return done.error();
    }
    return Ok{};
  }

  std::string hint_for(std::string flag) const {
    flag.erase(0, flag.find_first_not_of('-'));
    std::vector<std::string> names{"help", "version"};
    for (const FlagSpec& known : known_) names.push_back(known.name);
    const std::string near = schema::nearest_name(flag, names);
    return near.empty() ? "" : fmt::format("; did you mean --{}?", near);
  }

  Result<Ok> read_environment() {
    for (const FlagSpec& flag : known_) {
      if (!flags_.settings_[flag.name].is_default) continue;
      const std::string name = environment_name(flag);
      const auto value = environment_(name);
      if (!value || value->empty()) continue;
      std::vector<std::string> values{*value};
      if (flag.kind == FlagKind::kList) values = split_commas(*value);
      if (auto done = set(flag, std::move(values), name); !done) return done.error();
    }
    return Ok{};
  }

  Result<Ok> read_file() {
    const auto& config = flags_.settings_["config"].values;
    if (config.empty()) return Ok{};
    const std::string path = config.front();
    auto file = read_flag_file(path);
    if (!file) return file.error();
    for (auto& [key, setting] : *file) {
      const std::string where = fmt::format("{}: line {}: {}", path, setting.line, key);
      const auto flag = std::find_if(known_.begin(), known_.end(),
                                     [&key = key](const auto& f) { return f.name == key; });
      if (flag == known_.end()) return invalid(where + " is no flag of " + program_.name);
      if (!flags_.settings_[key].is_default) continue;
      if (auto done = set(*flag, std::move(setting.values), where); !done) return done.error();
    }
    return Ok{};
  }

  const ProgramSpec& program_;
  const Environment& environment_;
  const std::vector<FlagSpec> known_;
  Flags flags_;
};

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

Result<Flags> Flags::parse(const ProgramSpec& program, const std::vector<std::string>& arguments,
                           const Environment& environment) {
  return FlagsParser(program, environment).parse(arguments);
}

const std::vector<std::string>& Flags::list(std::string_view name) const {
  const auto it = settings_.find(name);
  CARA_CHECK(it != settings_.end());
  return it->second.values;
}

const std::string& Flags::text(std::string_view name) const {
  const auto& values = list(name);
  CARA_CHECK(values.size() == 1);
  return values.front();
}

std::int64_t Flags::integer(std::string_view name) const {
  const auto value = parse_integer(text(name));
  CARA_CHECK(value.has_value());
  return *value;
}

std::chrono::milliseconds Flags::duration(std::string_view name) const {
  return std::chrono::milliseconds(parse_duration_ms(text(name)).value());
}

bool Flags::enabled(std::string_view name) const { return text(name) == "true"; }

bool Flags::is_default(std::string_view name) const {
  const auto it = settings_.find(name);
  CARA_CHECK(it != settings_.end());
  return it->second.is_default;
}

void Flags::fill(std::string_view name, std::string value) {
  const auto it = settings_.find(name);
  CARA_CHECK(it != settings_.end());
  if (it->second.is_default) it->second.values = {std::move(value)};
}

std::string help_text(const ProgramSpec& program) { return make_options(program).help(); }

const std::vector<FlagSpec>& common_flags() {
  static const std::vector<FlagSpec> kFlags = {
      {.name = "nats",
       .help = "NATS server; several are separated by commas",
       .default_value = "nats://127.0.0.1:4222",
       .value_name = "URL",
       .environment = "CARA_NATS_URL"},
      {.name = "nats-creds",
       .help = "NATS credentials (a JWT and its seed), as `nsc` writes them",
       .value_name = "FILE"},
      {.name = "nats-nkey",
       .help = "NKey seed, as `caractrl bus key` writes it",
       .value_name = "FILE"},
      {.name = "nats-ca",
       .help = "certificates of who signed the NATS server's; then only TLS is spoken",
       .value_name = "FILE"},
      {.name = "nats-cert",
       .help = "own certificate, for NATS servers that ask for one",
       .value_name = "FILE"},
      {.name = "nats-key", .help = "private key of --nats-cert", .value_name = "FILE"},
      {.name = "nats-server-name",
       .help = "name in the NATS server's certificate, if it is not the host of --nats",
       .value_name = "NAME"},
      {.name = "config",
       .help = "YAML file whose top-level keys are flag names",
       .value_name = "FILE"},
      {.name = "log-level",
       .help = "debug, info, warn or error",
       .default_value = "info",
       .value_name = "LEVEL",
       .choices = {"debug", "info", "warn", "error"}},
      {.name = "log-format",
       .help = "text, or one JSON object per line",
       .default_value = "text",
       .value_name = "FORMAT",
       .choices = {"text", "json"}},
  };
  return kFlags;
}

}  // namespace cara::host
