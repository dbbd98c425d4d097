// caractrl stop, start, restart: containers of a project, by hand.
#include <algorithm>

#include "cli/await.h"
#include "cli/objects.h"
#include "cli/project_changes.h"
#include "cli/request.h"
#include "cli/say.h"
#include "cli/verb.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

constexpr std::chrono::seconds kRequestTimeout{10};

bool is_kind(const std::string& word) {
  return word == "project" || word == "projects" || word == "po";
}

bool is_lost(Exit exit) { return exit == kNoConnection || exit == kTimedOut; }

std::string called(const std::string& project) {
  return "project/" + schema::printable(project, 253);
}

// Changes one project after the other, and then waits for them. `say`: the line about one of them.
template <class Make, class Say>
Exit change_all(Context& context, Api& api, const std::vector<ProjectParts>& projects,
                runtime::Duration timeout, const Patience* patience, const Make& make,
                const Say& say) {
  Exit result = kDone;
  std::vector<schema::Project> changed;
  for (const ProjectParts& parts : projects) {
    schema::ProjectChangeRequest request = make(parts);
    request.request_id = context.new_id();
    request.name = parts.project;
    const auto reply = change_project(api, request, timeout);
    if (!reply) {
      const Exit exit = say_error(context, reply.error());
      result = first_failure(result, exit);
      if (is_lost(exit)) return result;
      continue;
    }
    context.out << called(parts.project) << " " << say(parts, reply->changed) << std::endl;
    changed.push_back(reply->project);
  }
  if (patience == nullptr) return result;
  for (const schema::Project& project : changed) {
    const Exit exit = await_generation(context, api, project, *patience);
    result = first_failure(result, exit);
    if (exit == kNoConnection || exit == kInterrupted) break;
  }
  return result;
}

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ", ") + schema::printable(name);
  }
  return text;
}

struct Words {
  const char* verb;
  const char* done;
  bool paused;
};
constexpr Words kStop{"stop", "stopped", true};
constexpr Words kStart{"start", "started", false};

Exit set_paused(Context& context, const host::Flags& flags, const Words& words) {
  const auto projects = parse_projects(flags.positionals());
  if (!projects) return say_usage(context, words.verb, projects.error().message);
  for (const ProjectParts& parts : *projects) {
    if (parts.services.empty()) continue;
    return say_usage(context, words.verb,
                     std::string("a project is ") + words.done + " as a whole: say `caractrl " +
                         words.verb + " project " + schema::printable(parts.project) + "`");
  }
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  const Patience patience{context.mono_now(), flags.duration("timeout")};
  return change_all(
      context, **api, *projects, kRequestTimeout, flags.enabled("wait") ? &patience : nullptr,
      [&](const ProjectParts&) { return schema::ProjectChangeRequest{.paused = words.paused}; },
      [&](const ProjectParts&, bool changed) {
        return std::string(changed ? "" : "already ") + words.done;
      });
}

Exit run_stop(Context& context, const host::Flags& flags) {
  return set_paused(context, flags, kStop);
}
Exit run_start(Context& context, const host::Flags& flags) {
  return set_paused(context, flags, kStart);
}

Exit run_restart(Context& context, const host::Flags& flags) {
  const auto projects = parse_projects(flags.positionals());
  if (!projects) return say_usage(context, "restart", projects.error().message);
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  const Patience patience{context.mono_now(), flags.duration("timeout")};
  return restart(context, **api, *projects, kRequestTimeout,
                 flags.enabled("wait") ? &patience : nullptr);
}

std::vector<host::FlagSpec> wait_flags(const char* help) {
  return {switch_flag("wait", help),
          duration_flag("timeout", "How long --wait waits; 0: as long as it takes", "0s")};
}

}  // namespace

Result<schema::Project> get_project(Api& api, const std::string& name, runtime::Duration timeout) {
  auto reply = call<schema::ProjectReply>(api, "project.get", schema::GetRequest{name}, timeout);
  if (reply) return std::move(reply->project);
  if (reply.error().code != Code::kNotFound) return reply.error();
  return not_found(not_found_sentence(Kind::kProject, name));
}

Result<schema::ProjectChangeReply> change_project(Api& api,
                                                  const schema::ProjectChangeRequest& request,
                                                  runtime::Duration timeout) {
  return call<schema::ProjectChangeReply>(api, "project.change", request, timeout);
}

Result<std::vector<ProjectParts>> parse_projects(const std::vector<std::string>& words) {
  std::vector<ProjectParts> projects;
  const bool kind_first = !words.empty() && is_kind(words.front());
  for (std::size_t i = kind_first ? 1 : 0; i < words.size(); ++i) {
    std::string project = words[i];
    std::string service;
    if (const std::size_t slash = project.find('/'); slash != std::string::npos) {
      service = project.substr(slash + 1);
      project.resize(slash);
      if (is_kind(project)) project = std::exchange(service, "");
    }
    if (const std::size_t slash = project.find('/'); slash != std::string::npos) {
      service = project.substr(slash + 1);
      project.resize(slash);
    }
    if (project.empty() || words[i].ends_with('/')) {
      return invalid("`" + schema::printable(words[i]) +
                     "` is neither PROJECT nor PROJECT/SERVICE");
    }
    auto found = std::find_if(projects.begin(), projects.end(),
                              [&](const ProjectParts& each) { return each.project == project; });
    const bool is_new = found == projects.end();
    if (is_new) found = projects.insert(found, ProjectParts{.project = project, .services = {}});
    const bool all = !is_new && found->services.empty();
    if (service.empty()) {
      found->services.clear();
    } else if (!all) {
      found->services.push_back(service);
    }
  }
  if (projects.empty()) return invalid("which project? Give its name");
  return projects;
}

Exit restart(Context& context, Api& api, const std::vector<ProjectParts>& projects,
             runtime::Duration timeout, const Patience* patience) {
  return change_all(
      context, api, projects, timeout, patience,
      [](const ProjectParts& parts) {
        const std::vector<std::string> all{"*"};
        return schema::ProjectChangeRequest{.restart =
                                                parts.services.empty() ? all : parts.services};
      },
      [](const ProjectParts& parts, bool) {
        const std::string of = list_of(parts.services);
        return "restarted" + (of.empty() ? "" : " (" + of + ")");
      });
}

const Verb& stop_verb() {
  static const Verb kVerb{
      .name = "stop",
      .summary = "Stop the containers of projects, and keep them",
      .usage = "stop project NAME... [FLAGS]",
      .details =
          "The project stays on its node with its volumes and containers (spec.paused), until it\n"
          "is started again or a manifest is applied that does not say `paused: true`.\n\n"
          "Examples:\n"
          "  caractrl stop project shop\n"
          "  caractrl stop project shop --wait\n",
      .flags = wait_flags("Wait until all containers are stopped"),
      .run = run_stop};
  return kVerb;
}

const Verb& start_verb() {
  static const Verb kVerb{.name = "start",
                          .summary = "Start projects that were stopped",
                          .usage = "start project NAME... [FLAGS]",
                          .details =
                              "Examples:\n"
                              "  caractrl start project shop\n"
                              "  caractrl start project shop --wait --timeout 2m\n",
                          .flags = wait_flags("Wait until it runs"),
                          .run = run_start};
  return kVerb;
}

const Verb& restart_verb() {
  static const Verb kVerb{
      .name = "restart",
      .summary = "Make the containers of projects or services anew",
      .usage = "restart project NAME... | PROJECT/SERVICE... [FLAGS]",
      .details =
          "Containers are replaced in the order of spec.updatePolicy: with StartFirst the old one\n"
          "serves until the new one is ready. It is a change of the spec\n"
          "(services[].restartedAt), which a later apply leaves alone. `rollout restart` is the\n"
          "same.\n\n"
          "Examples:\n"
          "  caractrl restart project shop\n"
          "  caractrl restart shop/web shop/worker\n"
          "  caractrl restart project shop --wait\n",
      .flags = wait_flags("Wait until the new containers run"),
      .run = run_restart};
  return kVerb;
}

}  // namespace cara::cli
