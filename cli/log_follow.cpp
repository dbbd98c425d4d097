#include "cli/log_follow.h"

#include <algorithm>
#include <utility>

#include "cli/objects.h"
#include "cli/project_changes.h"
#include "cli/request.h"
#include "cli/say.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

// A stream that has ended is opened again: soon, since a container that was restarted says most at
// its start, but a container may stay stopped for long.
constexpr std::chrono::milliseconds kOpenAgain{200};
constexpr std::chrono::milliseconds kOpenStoppedAgain{1'000};
constexpr std::chrono::seconds kMaxPause{5};  // the engine reads all of a log to find its end
constexpr std::chrono::seconds kLookAgain{2};
constexpr std::chrono::milliseconds kAskPatience{3'000};
constexpr std::size_t kMaxNote = 1024;

bool is_final(const Error& error) {
  return error.code == Code::kForbidden || error.code == Code::kInvalid;
}

// The stream broke off; what it was about may still be there.
bool is_break(const Error& error) { return is_passing(error) || error.code == Code::kGone; }

}  // namespace

LogFollow::LogFollow(Context& context, Api& api, Options options, Announce announce, Print print)
    : context_(context),
      api_(api),
      streams_(api.streams()),
      options_(std::move(options)),
      announce_(std::move(announce)),
      print_(std::move(print)) {}

Exit LogFollow::run() {
  if (const Result<Ok> begun = begin(); !begun) return say_error(context_, begun.error());
  context_.wait_begins();
  while (!is_finished()) {
    if (context_.interrupted()) return kInterrupted;
    if (options_.logs.follow && !look_again()) return kDone;
    open_due();
    auto event = streams_.next(patience());
    while (event) {
      take(std::move(*event));
      // Nobody reads any more; main() knows what to say.
      if (!context_.out.good()) return kDone;
      if (context_.interrupted()) return kInterrupted;
      event = streams_.next({});
    }
    context_.out.flush();
  }
  return result_;
}

Result<Ok> LogFollow::begin() {
  const auto project = get_project(api_, options_.target.project, options_.timeout);
  if (!project) return project.error();
  if (!options_.target.service.empty()) {
    const Result<std::string> service = choose_service(*project, options_.target);
    if (!service) return service.error();
  }
  add_parts(*project);
  looked_ = context_.mono_now();
  return Ok{};
}

void LogFollow::add_parts(const schema::Project& project) {
  const std::size_t before = parts_.size();
  for (const schema::ServiceDef& service : project.spec.services) {
    const bool wanted = options_.target.service.empty() || options_.target.service == service.name;
    const bool known = std::any_of(parts_.begin(), parts_.end(), [&](const Part& part) {
      return part.service == service.name && !part.finished;
    });
    if (!wanted || known) continue;
    parts_.push_back({.service = service.name,
                      .number = parts_.size(),
                      .due = context_.mono_now(),
                      .progress = context_.mono_now()});
  }
  for (Part& part : parts_) {
    const auto& services = project.spec.services;
    const bool there = std::any_of(services.begin(), services.end(), [&](const auto& service) {
      return service.name == part.service;
    });
    // Its last lines still come by the stream that is open.
    if (!there && part.stream == 0) part.finished = true;
  }
  if (parts_.size() == before) return;
  std::vector<std::string> names;
  for (const Part& part : parts_) names.push_back(part.service);
  announce_(names);
}

bool LogFollow::look_again() {
  if (context_.mono_now() - looked_ < kLookAgain) return true;
  looked_ = context_.mono_now();
  const auto project = get_project(api_, options_.target.project, kAskPatience);
  if (project) {
    add_parts(*project);
    if (project->status.services != status_) {
      for (Part& part : parts_) part.due = std::min(part.due, looked_);
    }
    status_ = project->status.services;
    return true;
  }
  if (project.error().code != Code::kNotFound) return true;
  // What is under way was written before its end.
  for (Part& part : parts_) print(part, part.cutter.finish());
  context_.err << "project \"" << schema::printable(options_.target.project) << "\" was deleted\n";
  return false;
}

void LogFollow::open_due() {
  for (Part& part : parts_) {
    if (part.stream == 0 && !part.finished && part.due <= context_.mono_now()) open(part);
  }
}

schema::LogsOptions LogFollow::logs_of(Part& part) {
  schema::LogsOptions logs = options_.logs;
  if (part.opened_ns == 0) return logs;
  logs.container = part.container;
  logs.tail.reset();
  if (const auto from = part.seen.resume())
    logs.since_ns = *from;
  else if (options_.logs.tail == 0)
    logs.since_ns = part.opened_ns;  // what was there before was not wanted
  return logs;
}

void LogFollow::open(Part& part) {
  schema::StreamRequest request{.project = options_.target.project, .service = part.service};
  request.logs = logs_of(part);
  // Others' lines wait meanwhile, so not for long.
  const runtime::Duration patience = std::min<runtime::Duration>(options_.timeout, kAskPatience);
  const auto opened = streams_.open("logs", std::move(request), nullptr, patience);
  if (!opened) return failed(part, opened.error(), false);
  part.stream = *opened;
  part.said = false;
}

runtime::Duration LogFollow::patience() const {
  runtime::Duration patience = kLookAgain;
  for (const Part& part : parts_) {
    if (part.stream != 0 || part.finished) continue;
    patience = std::min(patience, part.due - context_.mono_now());
  }
  return std::max(patience, runtime::Duration{});
}

void LogFollow::take(Streams::Event event) {
  const auto part = std::find_if(parts_.begin(), parts_.end(),
                                 [&](const Part& each) { return each.stream == event.stream; });
  if (part == parts_.end()) return;
  if (event.opened) take_opened(*part, event.container);
  if (!event.bytes.empty()) {
    part->progress = context_.mono_now();
    print(*part, part->cutter.feed(event.channel, event.bytes));
  }
  if (!event.over) return;
  part->stream = 0;
  if (event.over->error)
    failed(*part, *event.over->error, true);
  else
    ended(*part);
}

void LogFollow::take_opened(Part& part, const std::string& container) {
  part.progress = context_.mono_now();
  note_.clear();
  const bool other = part.opened_ns == 0 || (container != part.container && !container.empty());
  if (!other) return;
  part.opened_ns = context_.now().ms * 1'000'000;
  part.container = container;
  part.seen.start_over();
}

void LogFollow::print(Part& part, const std::vector<LogLine>& lines) {
  for (const LogLine& line : lines) {
    if (!part.seen.is_new(line)) continue;
    part.said = true;
    print_(part.number, part.service, line);
  }
}

void LogFollow::ended(Part& part) {
  const runtime::MonoTime now = context_.mono_now();
  print(part, part.cutter.finish());
  if (!options_.logs.follow) {
    part.finished = true;
    return;
  }
  const runtime::Duration longer = std::max<runtime::Duration>(part.pause * 2, kOpenStoppedAgain);
  part.pause = part.said ? kOpenAgain : std::min<runtime::Duration>(longer, kMaxPause);
  part.due = now + part.pause;
}

void LogFollow::failed(Part& part, const Error& error, bool broke) {
  const runtime::MonoTime now = context_.mono_now();
  part.cutter.forget();
  part.due = now + kOpenStoppedAgain;
  if (options_.logs.follow && !is_final(error)) return wait_note(error.message);
  const bool goes_on = part.opened_ns != 0 && is_break(error) && now - part.progress < kGiveUp;
  if (!options_.logs.follow && goes_on) return;
  part.finished = true;
  const bool said = error.message == note_;  // of another service
  note_ = error.message;
  if (!said)
    result_ =
        first_failure(result_, broke ? say_broken(context_, error) : say_error(context_, error));
}

void LogFollow::wait_note(const std::string& reason) {
  if (reason == note_) return;
  note_ = reason;
  context_.err << "waiting: " << schema::printable(reason, kMaxNote) << "\n";
  context_.err.flush();
}

bool LogFollow::is_finished() const {
  if (options_.logs.follow && result_ == kDone) return false;
  return std::all_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.finished; });
}

}  // namespace cara::cli
