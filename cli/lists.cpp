#include "cli/lists.h"

#include <optional>

#include "cli/request.h"

namespace cara::cli {
namespace {

// A page that does not move on would be asked for until the memory is full.
Error endless() { return internal("the server's list does not end"); }

template <class Page, class Object>
Result<std::int64_t> each(Api& api, std::string_view operation, std::vector<Object> Page::*member,
                          runtime::Duration timeout, const std::function<void(Object&)>& take) {
  std::optional<std::int64_t> revision;
  schema::ListRequest request;
  while (true) {
    auto page = call<Page>(api, operation, request, timeout);
    if (!page) return page.error();
    // What changed while the later pages came is in the changes since the first one.
    if (!revision) revision = page->revision;
    for (Object& object : (*page).*member) take(object);
    if (page->next.empty()) return *revision;
    if (page->next <= request.after) return endless();
    request.after = page->next;
  }
}

}  // namespace

Result<std::int64_t> each_project(Api& api, runtime::Duration timeout,
                                  const std::function<void(schema::Project&)>& take) {
  return each(api, "project.list", &schema::ProjectListReply::projects, timeout, take);
}

Result<std::int64_t> each_node(Api& api, runtime::Duration timeout,
                               const std::function<void(schema::Node&)>& take) {
  return each(api, "node.list", &schema::NodeListReply::nodes, timeout, take);
}

Result<std::vector<schema::Project>> list_projects(Api& api, runtime::Duration timeout) {
  std::vector<schema::Project> all;
  const auto done = each_project(
      api, timeout, [&](schema::Project& project) { all.push_back(std::move(project)); });
  if (!done) return done.error();
  return all;
}

Result<std::vector<schema::Node>> list_nodes(Api& api, runtime::Duration timeout) {
  std::vector<schema::Node> all;
  const auto done =
      each_node(api, timeout, [&](schema::Node& node) { all.push_back(std::move(node)); });
  if (!done) return done.error();
  return all;
}

Result<std::vector<schema::Event>> list_events(Api& api, schema::EventListRequest request,
                                               runtime::Duration timeout) {
  std::vector<schema::Event> all;
  while (true) {
    auto page = call<schema::EventListReply>(api, "event.list", request, timeout);
    if (!page) return page.error();
    for (schema::Event& event : page->events) all.push_back(std::move(event));
    if (!page->more) return all;
    if (all.empty() || all.back().number <= request.after) return endless();
    request.after = all.back().number;
  }
}

}  // namespace cara::cli
