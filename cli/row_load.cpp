#include "cli/row_load.h"

#include "cli/lists.h"
#include "cli/request.h"

namespace cara::cli {
namespace {

template <class Object>
void show_all(const RowLoad& load, const Object& object,
              const std::function<void(ObjectRows&)>& show) {
  for (ObjectRows& rows : load.source.take(object, load.context.now())) show(rows);
}

template <class Reply, class Member>
Result<Ok> load_named(const RowLoad& load, const char* operation, Member member,
                      const std::function<void(ObjectRows&)>& show, Loaded& loaded) {
  for (const std::string& name : load.names) {
    auto reply = call<Reply>(load.api, operation, schema::GetRequest{name}, load.timeout);
    if (reply) {
      show_all(load, (*reply).*member, show);
    } else if (reply.error().code == Code::kNotFound) {
      loaded.missing.push_back(name);
    } else {
      return reply.error();
    }
  }
  return Ok{};
}

// Of the revisions of several lists the first one, which is the oldest.
Result<Ok> load_projects(const RowLoad& load, const std::function<void(ObjectRows&)>& show,
                         Loaded& loaded) {
  const auto done = each_project(load.api, load.timeout,
                                 [&](schema::Project& project) { show_all(load, project, show); });
  if (!done) return done.error();
  if (loaded.revision == 0) loaded.revision = *done;
  return Ok{};
}

Result<Ok> load_nodes(const RowLoad& load, const std::function<void(ObjectRows&)>& show,
                      Loaded& loaded) {
  const auto done =
      each_node(load.api, load.timeout, [&](schema::Node& node) { show_all(load, node, show); });
  if (!done) return done.error();
  if (loaded.revision == 0) loaded.revision = *done;
  return Ok{};
}

}  // namespace

Result<Loaded> load_rows(const RowLoad& load, const std::function<void(ObjectRows&)>& show) {
  Loaded loaded;
  const bool of_nodes = load.kind == RowKind::kNodes;
  if (!load.names.empty()) {
    const auto info =
        call<schema::ServerInfo>(load.api, "server.info", schema::Wake{}, load.timeout);
    if (!info) return info.error();
    loaded.revision = info->revision;
  }
  if (load.source.needs_projects() && (of_nodes || load.names.empty())) {
    if (const auto done = load_projects(load, show, loaded); !done) return done.error();
  }
  Result<Ok> done = Ok{};
  if (!load.names.empty()) {
    done = of_nodes ? load_named<schema::NodeReply>(load, "node.get", &schema::NodeReply::node,
                                                    show, loaded)
                    : load_named<schema::ProjectReply>(
                          load, "project.get", &schema::ProjectReply::project, show, loaded);
  } else if (load.source.needs_nodes()) {
    done = load_nodes(load, show, loaded);
  }
  if (!done) return done.error();
  return loaded;
}

void RowWatch::show_first(std::vector<Row> rows) {
  for (Row& row : rows) printer_.print_change(RowChange::kAdded, std::move(row));
}

void RowWatch::remember(const ObjectRows& rows) {
  if (!rows.is_shown) return;
  for (const Row& row : rows.rows) shown_[rows.object][row.key] = printer_.hash_of(row);
}

void RowWatch::show(ObjectRows& rows) {
  auto known = shown_.find(rows.object);
  // What the filter no longer takes is shown a last time, as it is now.
  if (!rows.is_shown && known == shown_.end()) return;
  std::map<std::string, std::size_t> before;
  if (known != shown_.end()) before.swap(known->second);
  std::map<std::string, std::size_t> after;
  for (Row& row : rows.rows) {
    const std::size_t hash = printer_.hash_of(row);
    const auto old = before.find(row.key);
    const bool is_old = old != before.end();
    const bool differs = !is_old || old->second != hash;
    after[row.key] = hash;
    if (is_old) before.erase(old);
    if (!rows.is_shown && is_old) {
      printer_.print_change(RowChange::kDeleted, std::move(row));
    } else if (rows.is_shown && differs) {
      printer_.print_change(is_old ? RowChange::kModified : RowChange::kAdded, std::move(row));
    }
  }
  for (const auto& [key, hash] : before) {
    printer_.print_change(RowChange::kDeleted, load_.source.gone(key));
  }
  if (rows.is_shown && !after.empty()) {
    shown_[rows.object] = std::move(after);
  } else {
    shown_.erase(rows.object);
  }
}

void RowWatch::drop(const std::string& object) {
  const auto known = shown_.find(object);
  if (known == shown_.end()) return;
  for (const auto& [key, hash] : known->second) {
    printer_.print_change(RowChange::kDeleted, load_.source.gone(key));
  }
  shown_.erase(known);
}

void RowWatch::take(const schema::Change& change) {
  const Timestamp now = load_.context.now();
  const bool is_own = (change.kind == "node") == (load_.kind == RowKind::kNodes);
  std::vector<ObjectRows> all;
  if (change.project) {
    all = load_.source.take(*change.project, now);
  } else if (change.node) {
    all = load_.source.take(*change.node, now);
  } else {
    all = load_.source.forget(change.kind, change.name, now);
    if (is_own) drop(change.name);
  }
  for (ObjectRows& rows : all) show(rows);
}

// True: there is more.
Result<bool> RowWatch::follow() {
  const auto reply = call<schema::ChangesReply>(load_.api, "changes.since",
                                                schema::ChangesRequest{revision_}, load_.timeout);
  if (!reply) return reply.error();
  for (const schema::Change& change : reply->changes) take(change);
  revision_ = reply->revision;
  return reply->more;
}

Result<Ok> RowWatch::list_again() {
  std::set<std::string> left;
  for (const auto& [object, rows] : shown_) left.insert(object);
  load_.source.restart();
  std::vector<ObjectRows> all;
  const Result<Loaded> loaded = load_rows(load_, [&](ObjectRows& rows) {
    left.erase(rows.object);
    all.push_back(std::move(rows));
  });
  if (!loaded) return loaded.error();
  for (ObjectRows& rows : all) show(rows);
  for (const std::string& object : left) drop(object);
  revision_ = loaded->revision;
  return Ok{};
}

Result<Ok> RowWatch::look() {
  Result<bool> more = true;
  while (more && *more && !load_.context.interrupted()) {
    more = follow();
    if (!more && more.error().code == Code::kGone) {
      if (const Result<Ok> done = list_again(); !done) return done.error();
      more = false;
    }
    if (!printer_.flush()) return gone("nobody reads the output");
  }
  if (!more) return more.error();
  return Ok{};
}

}  // namespace cara::cli
