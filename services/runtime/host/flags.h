// Flags of a program, declared as a table. A value comes from the command line, else from the
// environment (CARA_<NAME>), else from the YAML file named by --config, else from its default.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"

namespace cara::host {

enum class FlagKind {
  kText,
  kInteger,   // not negative
  kDuration,  // `30s`, `5m`
  kSwitch,    // `--wait` or `--wait=false`
  kList,      // may be repeated; split at commas in the environment
};

struct FlagSpec {
  std::string name;  // `node-timeout`
  std::string help;  // one sentence without a full stop
  FlagKind kind = FlagKind::kText;
  std::string default_value;         // kSwitch: `true` or `false`
  std::string value_name = "VALUE";  // in --help
  std::vector<std::string> choices;  // empty: anything
  std::string environment;           // empty: CARA_<NAME>
  std::string letter;                // empty: no short form
};

struct ProgramSpec {
  std::string name;              // `cara-agent`
  std::string summary;           // the first line of --help
  std::string positionals_help;  // `COMMAND ...`; empty: none are taken
  std::vector<FlagSpec> flags;   // beside the common ones
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;
std::optional<std::string> process_environment(const std::string& name);

class Flags {
 public:
  // Prints nothing and ends nothing: --help and --version are asked for below.
  static Result<Flags> parse(const ProgramSpec& program, const std::vector<std::string>& arguments,
                             const Environment& environment = process_environment);

  bool help_wanted() const { return help_wanted_; }
  bool version_wanted() const { return version_wanted_; }

  // REQUIRES: a declared flag of that kind. All values were checked by parse().
  const std::string& text(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  std::chrono::milliseconds duration(std::string_view name) const;
  bool enabled(std::string_view name) const;
  const std::vector<std::string>& list(std::string_view name) const;

  bool is_default(std::string_view name) const;
  // Instead of the default, if nobody gave another value. REQUIRES: a declared flag, a right value.
  void fill(std::string_view name, std::string value);
  const std::vector<std::string>& positionals() const { return positionals_; }

 private:
  struct Setting {
    std::vector<std::string> values;
    bool is_default = true;
  };
  friend class FlagsParser;

  std::map<std::string, Setting, std::less<>> settings_;
  std::vector<std::string> positionals_;
  bool help_wanted_ = false;
  bool version_wanted_ = false;
};

std::string help_text(const ProgramSpec& program);

// --nats..., --config, --log-level, --log-format: every program has them.
const std::vector<FlagSpec>& common_flags();

}  // namespace cara::host
