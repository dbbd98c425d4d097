// LogFollow: the logs of a project's services, one stream each, opened again wherever one ends:
// after restarts, updates, moves, and breaks of everything in between, no line lost or doubled.
#pragma once

#include <functional>
#include <list>
#include <string>

#include "cli/api.h"
#include "cli/context.h"
#include "cli/log_lines.h"
#include "cli/streams.h"
#include "cli/targets.h"
#include "schema/types.h"

namespace cara::cli {

class LogFollow {
 public:
  struct Options {
    Target target;  // without a service: all of them
    schema::LogsOptions logs;
    runtime::Duration timeout{};  // of each request
  };
  // `number` counts the services.
  using Print = std::function<void(std::size_t number, const std::string& service, const LogLine&)>;
  // The services that there are, before their lines come; again when there are more.
  using Announce = std::function<void(const std::vector<std::string>& services)>;

  LogFollow(Context& context, Api& api, Options options, Announce announce, Print print);
  Exit run();

 private:
  struct Part {
    std::string service;
    std::size_t number = 0;
    std::int64_t stream = 0;  // 0: none is open
    bool finished = false;
    std::string container;
    std::int64_t opened_ns = 0;  // when its container was first seen, by our clock
    runtime::MonoTime due;       // when the stream is opened
    bool said = false;           // the stream brought something new
    runtime::Duration pause{};   // until it is opened again
    runtime::MonoTime progress;  // when something came last
    LogCutter cutter;
    SeenLines seen;
  };

  Result<Ok> begin();
  void add_parts(const schema::Project& project);
  // False: the project is no more.
  bool look_again();
  void open_due();
  void open(Part& part);
  schema::LogsOptions logs_of(Part& part);
  runtime::Duration patience() const;
  void take(Streams::Event event);
  void take_opened(Part& part, const std::string& container);
  void print(Part& part, const std::vector<LogLine>& lines);
  void ended(Part& part);
  // `broke`: of a stream that was open; else it could not be opened.
  void failed(Part& part, const Error& error, bool broke);
  void wait_note(const std::string& reason);
  bool is_finished() const;

  Context& context_;
  Api& api_;
  Streams& streams_;
  const Options options_;
  const Announce announce_;
  const Print print_;
  std::list<Part> parts_;
  runtime::MonoTime looked_;
  std::vector<schema::ServiceStatus> status_;
  std::string note_;  // what is waited for, as it was said last
  Exit result_ = kDone;
};

}  // namespace cara::cli
