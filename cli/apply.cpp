// caractrl apply: all manifests are checked before the first is sent.
#include <set>

#include "cli/apply_calls.h"
#include "cli/await.h"
#include "cli/lists.h"
#include "cli/preview.h"
#include "cli/request.h"
#include "cli/say.h"
#include "cli/selector.h"
#include "cli/verb.h"
#include "schema/lifecycle.h"

namespace cara::cli {
namespace {

constexpr std::chrono::milliseconds kRequestTimeout{10'000};

bool is_lost(Exit exit) { return exit == kNoConnection || exit == kTimedOut; }

struct Order {
  std::vector<Manifest> manifests;
  Selector selector;
  bool prune = false;
  bool dry_run = false;
  bool wait = false;
  Secrets secrets = Secrets::kHidden;
  Patience patience;
  std::chrono::milliseconds timeout{kRequestTimeout};  // of each answer
};

class Apply {
 public:
  Apply(Context& context, Api& api, const Order& order)
      : context_(context), api_(api), order_(order) {}

  Exit run() {
    for (const Manifest& manifest : order_.manifests) {
      const Exit exit = apply(manifest);
      result_ = first_failure(result_, exit);
      // Without a control plane the rest would fail the same way, each after its timeout.
      if (is_lost(exit)) return result_;
    }
    if (order_.prune) prune();
    if (!order_.wait || order_.dry_run) return result_;
    for (const schema::Project& project : applied_) {
      const Exit exit = await_generation(context_, api_, project, order_.patience);
      result_ = first_failure(result_, exit);
      if (exit == kNoConnection || exit == kInterrupted) return result_;
    }
    for (const Awaited& pruned : pruned_) {
      result_ = first_failure(result_, await(context_, api_, pruned, order_.patience));
    }
    return result_;
  }

 private:
  const char* tail() const { return order_.dry_run ? " (server dry run)" : ""; }

  Exit apply(const Manifest& manifest) {
    const auto reply = send(context_, api_, manifest, order_.dry_run, order_.timeout);
    if (!reply) return say_refused(context_, manifest, reply.error());
    context_.out << "project/" << manifest.project.metadata.name << " " << word_of(reply->outcome)
                 << tail() << std::endl;
    if (order_.dry_run) {
      context_.out << preview_text(*reply, order_.secrets, Style(context_, Stream::kOut))
                   << std::flush;
    }
    applied_.push_back(reply->project);
    return kDone;
  }

  // Only when all that is to stay is known for sure, and was taken.
  void prune() {
    if (result_ != kDone) return say_error(context_, "nothing was pruned");
    const auto projects = list_projects(api_, order_.timeout);
    if (!projects) {
      result_ = say_error(context_, projects.error());
      return say_error(context_, "nothing was pruned");
    }
    std::set<std::string> kept;
    for (const Manifest& manifest : order_.manifests) kept.insert(manifest.project.metadata.name);
    for (const schema::Project& project : *projects) {
      const schema::Metadata& metadata = project.metadata;
      const bool leaves = !kept.contains(metadata.name) &&
                          !schema::is_ending(project.status.phase) &&
                          order_.selector.matches(metadata.labels);
      if (!leaves) continue;
      const Exit exit = remove(metadata);
      result_ = first_failure(result_, exit);
      if (is_lost(exit)) return;
    }
  }

  Exit remove(const schema::Metadata& metadata) {
    if (!order_.dry_run) {
      const schema::DeleteRequest request{
          .request_id = context_.new_id(), .name = metadata.name, .uid = metadata.uid};
      const auto reply = call<schema::DeleteReply>(api_, "project.delete", request, order_.timeout);
      if (!reply) return say_error(context_, reply.error());
    }
    context_.out << "project/" << metadata.name << " pruned" << tail() << std::endl;
    pruned_.push_back({.kind = Kind::kProject,
                       .name = metadata.name,
                       .uid = metadata.uid,
                       .goal = {.what = Goal::What::kGone}});
    return kDone;
  }

  Context& context_;
  Api& api_;
  const Order& order_;
  std::vector<schema::Project> applied_;
  std::vector<Awaited> pruned_;
  Exit result_ = kDone;
};

// kDone, or what is wrong with the flags was said.
Exit read_flags(Context& context, const host::Flags& flags, Order& order) {
  const auto wrong = [&](const std::string& sentence) {
    return say_usage(context, "apply", sentence);
  };
  const Result<Selector> selector = parse_selector(flags.text("selector"));
  if (!selector) return wrong(selector.error().message);
  order.selector = *selector;
  order.prune = flags.enabled("prune");
  if (order.prune && order.selector.empty()) {
    return wrong("--prune needs --selector: what matches it and is in no file is deleted");
  }
  if (!order.prune && !order.selector.empty()) return wrong("--selector is for --prune only");
  order.dry_run = flags.text("dry-run") == "server";
  order.wait = flags.enabled("wait");
  order.secrets = flags.enabled("show-env") ? Secrets::kShown : Secrets::kHidden;
  const std::chrono::milliseconds timeout = flags.duration("timeout");
  order.patience = {context.mono_now(), order.wait ? timeout : std::chrono::milliseconds{0}};
  if (!order.wait && timeout.count() > 0) order.timeout = timeout;
  return kDone;
}

Exit run_apply(Context& context, const host::Flags& flags) {
  Order order;
  if (const Exit exit = read_flags(context, flags, order); exit != kDone) return exit;
  const Exit taken =
      take_manifests(context, flags, "apply", "nothing was applied", order.manifests);
  if (taken != kDone) return taken;
  if (flags.text("dry-run") == "client") {
    for (const Manifest& manifest : order.manifests) {
      context.out << "project/" << manifest.project.metadata.name << " checked (client dry run)\n";
    }
    return kDone;
  }
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  return Apply(context, **api, order).run();
}

std::vector<host::FlagSpec> apply_flags() {
  return {
      manifest_flag(),
      {.name = "dry-run",
       .help = "server: try it there and show what it would do; client: only check the files",
       .default_value = "none",
       .value_name = "WHERE",
       .choices = {"none", "server", "client"},
       .environment = kNoEnvironment},
      switch_flag("wait", "Wait until what was applied runs, or is given up"),
      duration_flag("timeout",
                    "How long to wait for each answer (0: 10s); with --wait for all of it (0: as "
                    "long as it takes)",
                    "0s"),
      switch_flag("prune", "Delete projects that match --selector and are in no file"),
      {.name = "selector",
       .help = "Labels of projects that --prune may delete: app=shop,tier in (web,db),!keep",
       .value_name = "LABELS",
       .environment = kNoEnvironment,
       .letter = "l"},
      show_env_flag()};
}

}  // namespace

const Verb& apply_verb() {
  static const Verb kVerb{
      .name = "apply",
      .summary = "Create projects, or change them, from manifest files",
      .usage = "apply -f FILE|FOLDER|- ... [FLAGS]",
      .details =
          "Every document of every file is checked before the first is applied. A folder stands "
          "for\n"
          "its *.yaml, *.yml and *.json files. `status` and what else the system writes is "
          "ignored,\n"
          "so what `caractrl get -o yaml` prints can be applied again.\n\n"
          "A service without a health check runs as soon as it is started; one with\n"
          "healthcheck.startPeriod when it has stayed up for that long.\n"
          "--wait ends with 0 when all of it runs, with 1 as soon as some of it is Failed and\n"
          "given up (spec.updatePolicy.healthyDeadline is over, or the update was rolled back),\n"
          "and with 4 when --timeout is over. --prune deletes nothing unless everything could be\n"
          "read and was applied.\n\n"
          "Examples:\n"
          "  caractrl apply -f project.yaml\n"
          "  caractrl apply -f manifests/ -f extra.json\n"
          "  generate | caractrl apply -f -\n"
          "  caractrl apply -f project.yaml --dry-run=server\n"
          "  caractrl apply -f project.yaml --wait --timeout 5m\n"
          "  caractrl apply -f manifests/ --prune -l team=web\n",
      .flags = apply_flags(),
      .run = run_apply};
  return kVerb;
}

}  // namespace cara::cli
