#include "cli/row_source.h"

#include <algorithm>
#include <map>

#include "cli/ingress_rows.h"
#include "schema/lifecycle.h"
#include "schema/wire.h"

namespace cara::cli {
namespace {

std::string labels_cell(const std::map<std::string, std::string>& labels) {
  std::string text;
  for (const auto& [key, value] : labels) text += (text.empty() ? "" : ",") + key + "=" + value;
  return text.empty() ? "<none>" : text;
}

// `project/shop`, `ingress/shop/main`: what is behind the n-th slash.
std::string part_of(const std::string& key, int number) {
  std::size_t from = 0;
  for (; number > 0; --number) from = key.find('/', from) + 1;
  return key.substr(from, key.find('/', from) - from);
}

class Source : public RowSource {
 public:
  explicit Source(const RowOptions& options) : options_(options) {}

  Cells head() const final {
    Cells cells = own_head(options_.format.wide);
    if (options_.format.show_labels) cells.push_back("LABELS");
    return cells;
  }
  void restart() override {}
  Row gone(const std::string& key) const final {
    Row row{.key = key, .uid = "", .cells = {}, .value = {}};
    if (options_.format.is_table()) {
      row.cells = gone_cells(key);
      row.cells.resize(head().size(), "-");
    }
    if (options_.format.needs_values()) row.value = gone_value(key);
    return row;
  }

 protected:
  virtual Cells own_head(bool wide) const = 0;
  // The first ones; `-` stands in the others.
  virtual Cells gone_cells(const std::string& key) const = 0;
  virtual Value gone_value(const std::string& key) const = 0;

  bool with_values() const { return options_.with_values || options_.format.needs_values(); }
  bool with_cells() const { return options_.format.is_table(); }
  void add_labels(Row& row, const schema::Metadata& metadata) const {
    if (with_cells() && options_.format.show_labels) {
      row.cells.push_back(labels_cell(metadata.labels));
    }
  }
  bool takes(const schema::Metadata& metadata) const {
    const RowFilter& filter = options_.filter;
    return (filter.names.empty() || filter.names.contains(metadata.name)) &&
           filter.labels.matches(metadata.labels);
  }
  bool takes(const schema::Project& project) const {
    const RowFilter& filter = options_.filter;
    const auto& phases = filter.phases;
    return takes(project.metadata) &&
           (filter.node.empty() || filter.node == project.status.node_ref) &&
           (phases.empty() ||
            std::find(phases.begin(), phases.end(), project.status.phase) != phases.end());
  }
  // What is left to say of an object in JSON and YAML.
  static Value gone_object(const char* kind, const std::string& name) {
    return Map{{"apiVersion", Value(schema::kApiVersion)},
               {"kind", Value(kind)},
               {"metadata", Map{{"name", Value(name)}}},
               {"deleted", Value(true)}};
  }

  const RowOptions& options_;
};

class Projects final : public Source {
 public:
  using Source::Source;
  bool needs_projects() const override { return true; }
  bool needs_nodes() const override { return false; }
  Cells own_head(bool wide) const override { return project_head(wide); }

  std::vector<ObjectRows> take(const schema::Project& project, Timestamp now) override {
    Row row{.key = "project/" + project.metadata.name,
            .uid = project.metadata.uid,
            .cells = {},
            .value = {}};
    if (with_cells()) row.cells = project_cells(project, options_.format.wide, now);
    add_labels(row, project.metadata);
    if (with_values()) row.value = schema::to_value(project);
    return {{project.metadata.name, takes(project), {std::move(row)}}};
  }
  std::vector<ObjectRows> take(const schema::Node&, Timestamp) override { return {}; }
  std::vector<ObjectRows> forget(const std::string&, const std::string&, Timestamp) override {
    return {};
  }

 private:
  Cells gone_cells(const std::string& key) const override {
    return {part_of(key, 1), "Deleted", "<none>"};
  }
  Value gone_value(const std::string& key) const override {
    return gone_object("Project", part_of(key, 1));
  }
};

class Nodes final : public Source {
 public:
  using Source::Source;
  // What their projects ask for is in the wide table.
  bool needs_projects() const override { return options_.format.wide; }
  bool needs_nodes() const override { return true; }
  Cells own_head(bool wide) const override { return node_head(wide); }

  std::vector<ObjectRows> take(const schema::Project& project, Timestamp now) override {
    if (!needs_projects()) return {};
    std::set<std::string> nodes = release(project.metadata.name);
    if (schema::is_bound(project.status.phase)) {
      Placed placed{project.status.node_ref, schema::demand_of(project.spec)};
      schema::add_to(usages_[placed.node], placed.demand);
      nodes.insert(placed.node);
      placed_[project.metadata.name] = std::move(placed);
    }
    return rows_of(nodes, now);
  }

  std::vector<ObjectRows> take(const schema::Node& node, Timestamp now) override {
    if (needs_projects()) nodes_[node.metadata.name] = node;
    return {made(node, now)};
  }

  void restart() override {
    nodes_.clear();
    usages_.clear();
    placed_.clear();
  }

  std::vector<ObjectRows> forget(const std::string& kind, const std::string& name,
                                 Timestamp now) override {
    if (kind == "node") nodes_.erase(name);
    if (kind != "project") return {};
    return rows_of(release(name), now);
  }

 private:
  struct Placed {
    std::string node;
    schema::Demand demand;
  };

  Cells gone_cells(const std::string& key) const override {
    return {part_of(key, 1), "Deleted", "<none>"};
  }
  Value gone_value(const std::string& key) const override {
    return gone_object("Node", part_of(key, 1));
  }

  // A project asks for nothing any more of the node in the answer.
  std::set<std::string> release(const std::string& project) {
    const auto found = placed_.find(project);
    if (found == placed_.end()) return {};
    const Placed placed = std::move(found->second);
    placed_.erase(found);
    schema::take_from(usages_[placed.node], placed.demand);
    return {placed.node};
  }

  std::vector<ObjectRows> rows_of(const std::set<std::string>& names, Timestamp now) {
    std::vector<ObjectRows> rows;
    for (const std::string& name : names) {
      const auto found = nodes_.find(name);
      if (found != nodes_.end()) rows.push_back(made(found->second, now));
    }
    return rows;
  }

  ObjectRows made(const schema::Node& node, Timestamp now) {
    const std::string& name = node.metadata.name;
    Row row{.key = "node/" + name, .uid = node.metadata.uid, .cells = {}, .value = {}};
    if (with_cells()) {
      row.cells = node_cells(node, options_.format.wide ? &usages_[name] : nullptr, now);
    }
    add_labels(row, node.metadata);
    if (with_values()) row.value = schema::to_value(node);
    return {name, takes(node.metadata), {std::move(row)}};
  }

  // Of the wide table only:
  std::map<std::string, schema::Node> nodes_;
  std::map<std::string, schema::Usage> usages_;  // by node
  std::map<std::string, Placed> placed_;         // by project
};

// Rules are named by their projects, as `ingress/PROJECT/RULE`.
class Ingress final : public Source {
 public:
  using Source::Source;
  bool needs_projects() const override { return true; }
  bool needs_nodes() const override { return false; }
  Cells own_head(bool wide) const override { return ingress_head(wide); }

  std::vector<ObjectRows> take(const schema::Project& project, Timestamp) override {
    ObjectRows all{project.metadata.name, takes(project), {}};
    for (const IngressRow& rule : ingress_of(project)) {
      Row row{.key = "ingress/" + project.metadata.name + "/" + rule.rule.name,
              .uid = project.metadata.uid,
              .cells = {},
              .value = {}};
      if (with_cells()) row.cells = ingress_cells(rule, options_.format.wide);
      add_labels(row, project.metadata);
      if (with_values()) row.value = to_value(rule);
      all.rows.push_back(std::move(row));
    }
    return {std::move(all)};
  }
  std::vector<ObjectRows> take(const schema::Node&, Timestamp) override { return {}; }
  std::vector<ObjectRows> forget(const std::string&, const std::string&, Timestamp) override {
    return {};
  }

 private:
  Cells gone_cells(const std::string& key) const override {
    return {part_of(key, 2), "-", part_of(key, 1), "-", "<none>", "Deleted"};
  }
  Value gone_value(const std::string& key) const override {
    return Map{{"name", Value(part_of(key, 2))},
               {"project", Value(part_of(key, 1))},
               {"deleted", Value(true)}};
  }
};

}  // namespace

std::unique_ptr<RowSource> row_source(RowKind kind, const RowOptions& options) {
  switch (kind) {
    case RowKind::kProjects:
      return std::make_unique<Projects>(options);
    case RowKind::kNodes:
      return std::make_unique<Nodes>(options);
    case RowKind::kIngress:
      return std::make_unique<Ingress>(options);
  }
  CARA_CHECK(false);
}

}  // namespace cara::cli
