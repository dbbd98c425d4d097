// The JSON of what streams ask the Docker engine, and of its answers. As docker_json.h: every field
// is optional, and nothing here throws.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schema/streams.h"

namespace cara::docker {

// `GET /containers/ID/json`
struct Target {
  std::string service;  // of the label
  bool tty = false;
  bool running = false;
  std::int64_t started_ns = 0;   // since 1970, of the last start; 0: never
  std::int64_t finished_ns = 0;  // of the last end; 0: never
  std::string network_mode;
  std::string address;  // IPv4; empty: none
};
std::optional<Target> read_target(std::string_view json);

// `GET /exec/ID/json`
struct ExecState {
  bool running = false;
  std::int64_t exit_code = 0;
  std::int64_t pid = 0;  // as the engine's machine counts; 0: not started
};
std::optional<ExecState> read_exec(std::string_view json);

// One sample of `GET /containers/ID/stats`: sums since the container's start.
struct Sample {
  std::int64_t at_ns = 0;  // since 1970; 0: it does not run
  std::int64_t cpu_ns = 0;
  std::int64_t memory_bytes = 0;  // without what the kernel can drop at once
  std::int64_t memory_limit = 0;
  std::int64_t received = 0;
  std::int64_t sent = 0;
  std::int64_t pids = 0;
};
std::optional<Sample> read_sample(std::string_view json);

std::string write_exec(const schema::ExecOptions& options);
std::string write_exec_start(const schema::ExecOptions& options);

}  // namespace cara::docker
