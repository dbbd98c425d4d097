// Context: everything a command can reach. main.cpp fills it with the real things, tests with
// fakes.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

#include "cli/api.h"
#include "schema/subjects.h"
#include "schema/time.h"
#include "services/runtime/host/bus_access.h"
#include "services/runtime/host/flags.h"

namespace cara::cli {

// Exit codes: a promise to scripts; `caractrl --help` lists them.
enum Exit : int {
  kDone = 0,
  kRefused = 1,        // the server refused or failed, or there is no such object
  kBadInput = 2,       // bad usage, or an invalid manifest
  kNoConnection = 3,   // no server, or no control plane behind it
  kTimedOut = 4,       // it may or may not have happened
  kNotPermitted = 5,   // by the NATS server, or by the apiserver
  kInterrupted = 130,  // Ctrl-C
};

struct Connection {
  std::string url;
  schema::Identity identity;
  std::string log_level;
  std::string log_format;
  host::BusAccess access;
  std::chrono::milliseconds connect_timeout{2'000};
};

struct ErrorReport;  // error_report.h

struct Context {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  ErrorReport* report = nullptr;  // with --output json: what is said goes here first
  // Does not wait for anything: the first call tells whether somebody is there.
  std::function<Result<std::unique_ptr<Api>>(const Connection&)> connect;
  host::Environment environment;
  std::function<std::string()> login_name;
  std::function<std::string()> new_id;
  std::function<Timestamp()> now;               // for ages
  std::function<runtime::MonoTime()> mono_now;  // for waits
  std::function<void()> wait_begins;  // from here on Ctrl-C is asked for, and ends no process
  std::function<bool()> interrupted;
  std::function<bool(int)> is_terminal;  // by file descriptor; none: nothing is (style.h)
  // Standard input, output and error, for bytes that go as they are (exec, cp).
  std::array<int, 3> files{0, 1, 2};
};

}  // namespace cara::cli
