// The part of the store that adds up: what bound projects take of their nodes, and whether
// projects of lost nodes may be moved.
#include "services/apiserver/store/store.h"

namespace cara::apiserver {

// Projects that were bound before this was written down.
Result<Ok> Store::begin_holdings() {
  return take_over(
      "SELECT body FROM objects WHERE kind = 'project'"
      " AND phase IN ('Scheduled', 'Running', 'Failed', 'Terminating')"
      " AND uid NOT IN (SELECT uid FROM holdings)",
      [this](const schema::Project& project) { return hold(project); });
}

Result<Ok> Store::hold(const schema::Project& project) {
  if (refusal_) return *refusal_;
  wrote_aside_ = true;
  const schema::Demand demand = schema::demand_of(project.spec);
  const std::string ports = schema::to_text(demand.ports);
  return database_->run(
      "INSERT OR REPLACE INTO holdings (uid, node, cpu, memory, pids, gpus, ports)"
      " VALUES (?, ?, ?, ?, ?, ?, ?)",
      {std::string_view(project.metadata.uid), std::string_view(project.status.node_ref),
       demand.amounts.cpu_millis, demand.amounts.memory_bytes, demand.amounts.pids,
       demand.amounts.gpus, std::string_view(ports)});
}

Result<schema::Usage> Store::usage(std::string_view node, std::string_view except_uid) {
  schema::Usage usage;
  Result<Ok> done = database_->run(
      "SELECT COUNT(*), COALESCE(SUM(cpu), 0), COALESCE(SUM(memory), 0), COALESCE(SUM(pids), 0),"
      " COALESCE(SUM(gpus), 0) FROM holdings WHERE node = ? AND uid <> ?",
      {node, except_uid}, [&](const Row& row) {
        usage.projects = row.number(0);
        usage.amounts = {.cpu_millis = row.number(1),
                         .memory_bytes = row.number(2),
                         .pids = row.number(3),
                         .gpus = row.number(4)};
        return Walk::kEnd;
      });
  if (!done) return done.error();
  done = database_->run(
      "SELECT ports FROM holdings WHERE node = ? AND uid <> ? AND ports <> '' ORDER BY uid",
      {node, except_uid}, [&](const Row& row) {
        for (schema::HostPorts& ports : schema::ports_from_text(row.bytes(0))) {
          usage.ports.push_back(std::move(ports));
        }
        return Walk::kOn;
      });
  if (!done) return done.error();
  return usage;
}

Result<NodeCounts> Store::count_nodes() {
  NodeCounts counts;
  const Result<Ok> done = database_->run(
      "SELECT COUNT(*), COALESCE(SUM(phase = 'Ready'), 0) FROM objects WHERE kind = 'node'", {},
      [&](const Row& row) {
        counts = {.all = row.number(0), .ready = row.number(1)};
        return Walk::kEnd;
      });
  if (!done) return done.error();
  return counts;
}

Result<Ok> Store::count_projects(const OnCount& on_count) {
  return database_->run("SELECT phase, COUNT(*) FROM objects WHERE kind = 'project' GROUP BY phase",
                        {}, [&](const Row& row) {
                          on_count(row.bytes(0), row.number(1));
                          return Walk::kOn;
                        });
}

Result<Held> Store::held() {
  Held held;
  const Result<Ok> done = database_->run(
      "SELECT held_of, held_allowed, held_reason FROM meta", {}, [&](const Row& row) {
        held = {.of = row.number(0), .allowed = row.number(1) != 0, .reason = row.bytes(2)};
        return Walk::kEnd;
      });
  if (!done) return done.error();
  return held;
}

Result<Ok> Store::set_held(const Held& held) {
  if (refusal_) return *refusal_;
  wrote_aside_ = true;
  return database_->run("UPDATE meta SET held_of = ?, held_allowed = ?, held_reason = ?",
                        {held.of, std::int64_t{held.allowed}, std::string_view(held.reason)});
}

// A store that was made before there was an ingress gets its key now.
Result<Ok> Store::begin_ingress() {
  if (!hop_key_.empty() || options_.hop_key.empty()) return Ok{};
  hop_key_ = options_.hop_key;
  return database_->run("UPDATE meta SET hop_key = ?", {std::string_view(hop_key_)});
}

Result<Ok> Store::walk_pending(const OnPending& on_project) {
  return database_->run(
      "SELECT name, uid FROM objects WHERE kind = 'project' AND phase = 'Pending'"
      " ORDER BY revision DESC",
      {}, [&](const Row& row) {
        return on_project({row.bytes(0), row.bytes(1)});
      });
}

}  // namespace cara::apiserver
