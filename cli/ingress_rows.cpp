#include "cli/ingress_rows.h"

#include <utility>

namespace cara::cli {
namespace {

std::string target_of(const IngressRow& row) {
  return row.rule.target.service + ":" + std::to_string(row.rule.target.port);
}

}  // namespace

std::vector<IngressRow> ingress_of(const schema::Project& project) {
  std::vector<IngressRow> rows;
  for (const schema::IngressDef& rule : project.spec.ingress) {
    for (const schema::IngressStatus& status : project.status.ingress) {
      if (status.name != rule.name) continue;
      rows.push_back({project.metadata.name, project.status.node_ref, rule, status});
    }
  }
  return rows;
}

Cells ingress_head(bool wide) {
  Cells head{"NAME", "HOST", "PROJECT", "TARGET", "NODE", "READY"};
  if (wide) head.insert(head.end(), {"URL", "REASON"});
  return head;
}

Cells ingress_cells(const IngressRow& row, bool wide) {
  Cells cells{row.rule.name,
              row.status.host + (row.rule.path == "/" ? "" : row.rule.path),
              row.project,
              target_of(row),
              row.node.empty() ? "<none>" : row.node,
              row.status.ready ? "true" : "false"};
  if (wide) cells.push_back(row.status.url);
  if (wide) cells.push_back(row.status.reason.empty() ? "-" : row.status.reason);
  return cells;
}

Value to_value(const IngressRow& row) {
  Map map{{"name", Value(row.rule.name)},
          {"project", Value(row.project)},
          {"host", Value(row.status.host)},
          {"path", Value(row.rule.path)},
          {"target", Value(Map{{"service", Value(row.rule.target.service)},
                               {"port", Value(row.rule.target.port)}})},
          {"url", Value(row.status.url)},
          {"ready", Value(row.status.ready)}};
  if (!row.node.empty()) map.push_back({"node", Value(row.node)});
  if (!row.status.reason.empty()) map.push_back({"reason", Value(row.status.reason)});
  return map;
}

std::string sentence_of(const IngressRow& row) {
  return row.rule.name + ": " + row.status.url + " -> " + target_of(row) + ", " +
         (row.status.ready ? "ready" : "not ready: " + row.status.reason);
}

}  // namespace cara::cli
