// project.change: what stop, start, restart, label and annotate ask for.
#pragma once

#include <string>
#include <vector>

#include "cli/api.h"
#include "cli/context.h"
#include "cli/wait.h"
#include "schema/messages.h"

namespace cara::cli {

// kNotFound with the sentence that users know.
Result<schema::Project> get_project(Api& api, const std::string& name, runtime::Duration timeout);
Result<schema::ProjectChangeReply> change_project(Api& api,
                                                  const schema::ProjectChangeRequest& request,
                                                  runtime::Duration timeout);

// `project shop blog`, `project/shop`, `shop`, and with services `shop/web`.
struct ProjectParts {
  std::string project;
  std::vector<std::string> services;  // none: all of it
};
// In the order of the words, each project once.
Result<std::vector<ProjectParts>> parse_projects(const std::vector<std::string>& words);

// Makes the containers anew, and waits for them if `patience` is given.
Exit restart(Context& context, Api& api, const std::vector<ProjectParts>& projects,
             runtime::Duration timeout, const Patience* patience);

}  // namespace cara::cli
