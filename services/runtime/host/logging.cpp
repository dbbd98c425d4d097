#include "services/runtime/host/logging.h"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "schema/time.h"

namespace cara::host {
namespace {

Timestamp time_of(const spdlog::details::log_msg& line) {
  const auto time = line.time.time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(time).count()};
}

std::string_view name_of(spdlog::level::level_enum level) {
  const auto name = spdlog::level::to_string_view(level);
  return {name.data(), name.size()};
}

class LineFormatter final : public spdlog::formatter {
 public:
  explicit LineFormatter(LogOptions options) : options_(std::move(options)) {}

  void format(const spdlog::details::log_msg& line, spdlog::memory_buf_t& out) override {
    const std::string_view text(line.payload.data(), line.payload.size());
    const std::string time = to_string(time_of(line));
    if (options_.format == "json") {
      fmt::format_to(std::back_inserter(out),
                     R"({{"time":"{}","level":"{}","program":"{}","message":"{}"}})", time,
                     name_of(line.level), json_escaped(options_.program), json_escaped(text));
    } else {
      fmt::format_to(std::back_inserter(out), "{} {:<5} {}", time, name_of(line.level),
                     printable(text));
    }
    out.push_back('\n');
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(options_);
  }

 private:
  const LogOptions options_;
};

}  // namespace

void start_logging(const LogOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>(options.program, std::move(sink));
  logger->set_formatter(std::make_unique<LineFormatter>(options));
  logger->set_level(spdlog::level::from_str(options.level));
  logger->flush_on(spdlog::level::trace);
  logger->set_error_handler([](const std::string&) {});  // a full disk must not end the process
  spdlog::set_default_logger(std::move(logger));
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

std::string json_escaped(std::string_view text) {
  const std::string quoted =
      nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace cara::host
