// Brings what `get` shows from the control plane: all there is, some by name, what changes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/api.h"
#include "cli/context.h"
#include "cli/row_source.h"

namespace cara::cli {

struct RowLoad {
  Context& context;
  Api& api;
  runtime::Duration timeout;
  RowKind kind;
  const std::set<std::string>& names;  // empty: all
  RowSource& source;
};

struct Loaded {
  std::int64_t revision = 0;         // all that was shown is at least as new
  std::vector<std::string> missing;  // names of what there is not
};

// Calls `show` with the rows of every object, by name.
Result<Loaded> load_rows(const RowLoad& load, const std::function<void(ObjectRows&)>& show);

// Prints rows as they change, without a gap: what was missed is in the changes since the last
// revision that was seen, and where those are no longer kept, all is listed again and what differs
// is printed.
class RowWatch {
 public:
  // All must outlive it.
  RowWatch(const RowLoad& load, RowPrinter& printer) : load_(load), printer_(printer) {}

  // What is there when it begins, in the order in which it is to be printed.
  void show_first(std::vector<Row> rows);
  void remember(const ObjectRows& rows);
  void begin(std::int64_t revision) { revision_ = revision; }

  // What changed since the last time. kGone: nobody reads what is printed.
  Result<Ok> look();

 private:
  Result<Ok> list_again();
  Result<bool> follow();
  void take(const schema::Change& change);
  void show(ObjectRows& rows);
  void drop(const std::string& object);

  const RowLoad& load_;
  RowPrinter& printer_;
  std::int64_t revision_ = 0;
  // By the object's name: what is shown of it, as key and hash.
  std::map<std::string, std::map<std::string, std::size_t>> shown_;
};

}  // namespace cara::cli
