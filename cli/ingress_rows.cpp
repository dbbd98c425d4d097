#include "cli/ingress_rows.h"

#include <utility>

namespace cara::cli {
namespace {

const std::vector<std::string> kHead{"NAME", "HOST", "PROJECT", "TARGET", "NODE", "READY"};

std::string target_of(const IngressRow& row) {
  return row.rule.target.service + ":" + std::to_string(row.rule.target.port);
}

std::vector<std::string> cells(const IngressRow& row) {
  return {row.rule.name,
          row.status.host + (row.rule.path == "/" ? "" : row.rule.path),
          row.project,
          target_of(row),
          row.node.empty() ? "<none>" : row.node,
          row.status.ready ? "true" : "false"};
}

}  // namespace

std::vector<IngressRow> ingress_of(const std::vector<schema::Project>& projects) {
  std::vector<IngressRow> rows;
  for (const schema::Project& project : projects) {
    for (const schema::IngressDef& rule : project.spec.ingress) {
      for (const schema::IngressStatus& status : project.status.ingress) {
        if (status.name != rule.name) continue;
        rows.push_back({project.metadata.name, project.status.node_ref, rule, status});
      }
    }
  }
  return rows;
}

Table ingress_table(const std::vector<IngressRow>& rows) {
  Table table(kHead);
  for (const IngressRow& row : rows) table.add(cells(row));
  return table;
}

Table wide_ingress_table(const std::vector<IngressRow>& rows) {
  std::vector<std::string> head = kHead;
  head.insert(head.end(), {"URL", "REASON"});
  Table table(std::move(head));
  for (const IngressRow& row : rows) {
    std::vector<std::string> line = cells(row);
    line.push_back(row.status.url);
    line.push_back(row.status.reason.empty() ? "-" : row.status.reason);
    table.add(std::move(line));
  }
  return table;
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
