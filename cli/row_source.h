// What `get` shows of the cluster's objects: which of them, and the rows of each. A kind of rows is
// fed with all objects, and then with those that changed.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/row_printer.h"
#include "cli/selector.h"
#include "schema/messages.h"
#include "schema/types.h"

namespace cara::cli {

enum class RowKind { kProjects, kNodes, kIngress };

struct RowFilter {
  std::set<std::string> names;  // empty: all
  Selector labels;
  std::vector<schema::Phase> phases;  // empty: all
  std::string node;                   // empty: all
};

struct RowOptions {
  RowFormat format;
  RowFilter filter;
  bool with_values = false;  // for --sort-by, beside the format's own need
};

// An object as it is now.
struct ObjectRows {
  std::string object;     // its name
  bool is_shown = false;  // the filter takes it
  std::vector<Row> rows;
};

class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual Cells head() const = 0;
  virtual std::vector<ObjectRows> take(const schema::Project& project, Timestamp now) = 0;
  virtual std::vector<ObjectRows> take(const schema::Node& node, Timestamp now) = 0;
  // The object is gone. What had rows of its own is not in the answer, but what else changed by it.
  virtual std::vector<ObjectRows> forget(const std::string& kind, const std::string& name,
                                         Timestamp now) = 0;
  // All is fed again, from the start.
  virtual void restart() = 0;
  // Shown instead of a row that is gone.
  virtual Row gone(const std::string& key) const = 0;
  // Whether rows are made of projects, of nodes, or of both.
  virtual bool needs_projects() const = 0;
  virtual bool needs_nodes() const = 0;
};

// `options` must outlive it.
std::unique_ptr<RowSource> row_source(RowKind kind, const RowOptions& options);

}  // namespace cara::cli
