#include "tests/bench/cara_client.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "schema/subjects.h"
#include "schema/wire.h"

namespace cara::bench {
namespace {

constexpr std::chrono::seconds kRequestLimit{60};
constexpr const char* kDeleted = "deleted";

}  // namespace

double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

Result<std::unique_ptr<CaraClient>> CaraClient::connect(const std::string& url) {
  auto bus = host::BusClient::connect({.url = url, .identity = {schema::Role::kAdmin, "bench"}});
  if (!bus.ok()) return bus.error();
  if (auto heard = (*bus)->subscribe(schema::kEventSubjects); !heard.ok()) {
    return heard.error();
  }
  return std::unique_ptr<CaraClient>(new CaraClient(std::move(*bus)));
}

Result<Ok> CaraClient::apply(const schema::Project& project) {
  const schema::ApplyRequest request{.request_id = project.metadata.name + "-up",
                                     .manifest = schema::to_manifest(project)};
  const auto body = bus_->request("project.apply", schema::pack_message(request), kRequestLimit);
  if (!body.ok()) return body.error();
  if (auto reply = schema::unpack_reply<schema::ApplyReply>(*body); !reply.ok()) {
    return reply.error();
  }
  return Ok{};
}

Result<Ok> CaraClient::remove(const std::string& project) {
  const schema::DeleteRequest request{.request_id = project + "-down", .name = project};
  const auto body = bus_->request("project.delete", schema::pack_message(request), kRequestLimit);
  if (!body.ok()) return body.error();
  return Ok{};
}

Result<Ok> CaraClient::wait_running(std::set<std::string> projects, std::chrono::seconds patience) {
  return wait_for("Running", std::move(projects), patience);
}

Result<Ok> CaraClient::wait_gone(std::set<std::string> projects, std::chrono::seconds patience) {
  return wait_for(kDeleted, std::move(projects), patience);
}

Result<Ok> CaraClient::wait_for(const std::string& what, std::set<std::string> projects,
                                std::chrono::seconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!projects.empty()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      return timed_out(*projects.begin() + " is not " + what + " after " +
                       std::to_string(patience.count()) + " s");
    }
    const auto message = bus_->next(std::chrono::milliseconds(1'000));
    if (!message.ok()) return message.error();
    if (!*message) continue;
    const auto event = schema::unpack_message<schema::ChangeEvent>((*message)->body);
    if (!event.ok()) continue;
    if ((what == kDeleted && event->deleted) || event->phase == what) projects.erase(event->name);
  }
  return Ok{};
}

}  // namespace cara::bench
