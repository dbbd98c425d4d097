#include "cli/lists.h"

#include "cli/request.h"

namespace cara::cli {
namespace {

// A page that does not move on would be asked for until the memory is full.
Error endless() { return internal("the server's list does not end"); }

template <class Page, class Object>
Result<std::vector<Object>> list(Api& api, std::string_view operation,
                                 std::vector<Object> Page::*member, runtime::Duration timeout) {
  std::vector<Object> all;
  schema::ListRequest request;
  while (true) {
    auto page = call<Page>(api, operation, request, timeout);
    if (!page) return page.error();
    for (Object& object : (*page).*member) all.push_back(std::move(object));
    if (page->next.empty()) return all;
    if (page->next <= request.after) return endless();
    request.after = page->next;
  }
}

}  // namespace

Result<std::vector<schema::Project>> list_projects(Api& api, runtime::Duration timeout) {
  return list(api, "project.list", &schema::ProjectListReply::projects, timeout);
}

Result<std::vector<schema::Node>> list_nodes(Api& api, runtime::Duration timeout) {
  return list(api, "node.list", &schema::NodeListReply::nodes, timeout);
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
