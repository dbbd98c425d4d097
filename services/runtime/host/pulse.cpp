#include "services/runtime/host/pulse.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "schema/formats.h"
#include "services/runtime/host/health_file.h"

namespace cara::host {
namespace {

constexpr std::size_t kMaxSentence = 200;

}  // namespace

Pulse::Pulse(PulseOptions options) : options_(std::move(options)), notifier_(options_.notify) {}

void Pulse::beat(runtime::MonoTime now, bool connected, const std::string& sentence) {
  const bool changed = !first_ || connected != connected_;
  if (!changed && now - last_ < kBeatEvery) return;
  if (!first_) first_ = now;
  last_ = now;
  if (changed || sentence != sentence_) status_told_ = false;
  connected_ = connected;
  sentence_ = sentence;
  if (!options_.health_file.empty()) write(now);
  if (notifier_.wanted()) tell(now);
}

void Pulse::write(runtime::MonoTime now) {
  const auto written =
      write_health(options_.health_file, {.written = now,
                                          .connected = connected_,
                                          .sentence = schema::printable(sentence_, kMaxSentence)});
  if (!written && !write_failed_) spdlog::warn("{}", written.error().message);
  write_failed_ = !written.ok();
}

void Pulse::tell(runtime::MonoTime now) {
  std::string lines;
  const bool ready = ready_told_ || connected_ || now - *first_ >= kReadyPatience;
  if (ready && !ready_told_) lines += "READY=1\n";
  if (!status_told_) lines += "STATUS=" + schema::printable(sentence_, kMaxSentence) + "\n";
  if (notifier_.watchdog_wanted()) lines += "WATCHDOG=1\n";
  // What did not arrive is told again with the next beat.
  if (lines.empty() || !notifier_.tell(lines)) return;
  ready_told_ = ready;
  status_told_ = true;
}

void Pulse::stopping() {
  notifier_.tell("STOPPING=1\n");
  if (!options_.health_file.empty()) remove_health(options_.health_file);
}

}  // namespace cara::host
