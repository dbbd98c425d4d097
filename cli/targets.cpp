#include "cli/targets.h"

#include "cli/objects.h"
#include "cli/project_changes.h"
#include "cli/request.h"
#include "schema/formats.h"
#include "schema/words.h"

namespace cara::cli {
namespace {

std::vector<std::string> names_of(const schema::Project& project) {
  std::vector<std::string> names;
  for (const schema::ServiceDef& service : project.spec.services) names.push_back(service.name);
  return names;
}

bool is_name(std::string_view text) {
  return !schema::check_format(schema::Format::kDnsLabel, text).has_value();
}

}  // namespace

Result<Target> parse_target(std::string_view word) {
  const std::size_t slash = word.find('/');
  Target target{.project = std::string(word.substr(0, slash)), .service = {}};
  if (slash != std::string_view::npos) target.service = word.substr(slash + 1);
  const bool service_is_name = slash == std::string_view::npos || is_name(target.service);
  if (is_name(target.project) && service_is_name) return target;
  return invalid("`" + schema::printable(word) + "` names no service; write PROJECT/SERVICE");
}

Result<std::string> choose_service(const schema::Project& project, const Target& target) {
  const std::vector<std::string> names = names_of(project);
  const std::string of = "project \"" + target.project + "\" ";
  if (target.service.empty()) {
    if (names.size() == 1) return names.front();
    return invalid(of + "has several services, write " + target.project +
                   "/SERVICE: " + schema::joined(names));
  }
  for (const std::string& name : names) {
    if (name == target.service) return name;
  }
  return not_found(of + "has no service `" + target.service + "`" +
                   schema::hint_for(target.service, names, "there are " + schema::joined(names)));
}

Result<Target> find_target(Api& api, std::string_view word, runtime::Duration timeout) {
  Result<Target> target = parse_target(word);
  if (!target) return target;
  const Result<schema::Project> project = get_project(api, target->project, timeout);
  if (!project) return project.error();
  const Result<std::string> service = choose_service(*project, *target);
  if (!service) return service.error();
  target->service = *service;
  return target;
}

}  // namespace cara::cli
