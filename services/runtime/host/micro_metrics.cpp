// The process's figures in Prometheus' text format
// (https://prometheus.io/docs/instrumenting/exposition_formats/).
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "services/runtime/host/micro.h"

namespace cara::host {
namespace {

// 64 us to 67 s, four times the one before.
constexpr unsigned kFirstExponent = 6;
constexpr unsigned kLastExponent = 26;
constexpr unsigned kExponentStep = 2;

double seconds(runtime::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

double processor_seconds() {
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) != 0) return 0;
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

std::int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t all = 0;
  std::int64_t resident = 0;
  file >> all >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

void add_process(std::string& out, Timestamp started) {
  head(out, "process_cpu_seconds_total", "counter", "Processor time used, in seconds.");
  out += fmt::format("process_cpu_seconds_total {:.3f}\n", processor_seconds());
  head(out, "process_resident_memory_bytes", "gauge", "Memory in use, in bytes.");
  out += fmt::format("process_resident_memory_bytes {}\n", resident_bytes());
  head(out, "process_start_time_seconds", "gauge", "When the process started, in Unix time.");
  out += fmt::format("process_start_time_seconds {:.3f}\n", static_cast<double>(started.ms) / 1e3);
}

// What a label's value may not have.
std::string label(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

void add_histogram(std::string& out, const std::string& endpoint, const runtime::Latency& latency) {
  constexpr const char* kName = "cara_request_duration_seconds";
  for (unsigned e = kFirstExponent; e <= kLastExponent; e += kExponentStep) {
    const double bound = seconds(runtime::Duration(std::int64_t{1} << e));
    out += fmt::format("{}_bucket{{endpoint=\"{}\",le=\"{}\"}} {}\n", kName, endpoint, bound,
                       latency.below(e));
  }
  out += fmt::format(
      "{0}_bucket{{endpoint=\"{1}\",le=\"+Inf\"}} {2}\n"
      "{0}_sum{{endpoint=\"{1}\"}} {3}\n{0}_count{{endpoint=\"{1}\"}} {2}\n",
      kName, endpoint, latency.count(), seconds(latency.sum()));
}

}  // namespace

std::string Micro::metrics(const MicroSnapshot& now) const {
  std::string out;
  head(out, "cara_build_info", "gauge", "Always 1: what runs here.");
  out += fmt::format("cara_build_info{{service=\"{}\",id=\"{}\",version=\"{}\"", options_.name,
                     options_.id, CARA_VERSION);
  for (const auto& [key, value] : options_.metadata) {
    // Prometheus has a label `instance` of its own.
    out += fmt::format(",{}=\"{}\"", key == "instance" ? "identity" : key, label(value));
  }
  out += "} 1\n";
  head(out, "cara_requests_total", "counter", "Messages that were served.");
  for (const Counted& counted : counted_) {
    out += fmt::format("cara_requests_total{{endpoint=\"{}\"}} {}\n", counted.endpoint.name,
                       counted.latency.count());
  }
  head(out, "cara_request_errors_total", "counter", "Those that were answered with an error.");
  for (const Counted& counted : counted_) {
    out += fmt::format("cara_request_errors_total{{endpoint=\"{}\"}} {}\n", counted.endpoint.name,
                       counted.errors);
  }
  head(out, "cara_request_duration_seconds", "histogram",
       "From a message's arrival in the process to its answer.");
  for (const Counted& counted : counted_) {
    if (counted.latency.count() > 0) add_histogram(out, counted.endpoint.name, counted.latency);
  }
  head(out, "cara_queue_depth", "gauge", "Messages that wait to be served.");
  out += fmt::format("cara_queue_depth {}\n", now.queue_depth);
  for (const auto& [name, value] : now.gauges) {
    head(out, "cara_" + name, "gauge", "At this moment: compose/INSPECT.md says what it counts.");
    out += fmt::format("cara_{} {}\n", name, value);
  }
  add_process(out, started_);
  return out;
}

}  // namespace cara::host
