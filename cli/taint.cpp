// caractrl taint: what keeps projects away from nodes, unless spec.tolerations names it.
#include <algorithm>

#include "cli/nodes.h"
#include "cli/request.h"
#include "cli/say.h"
#include "cli/verb.h"
#include "schema/formats.h"
#include "schema/words.h"

namespace cara::cli {
namespace {

using schema::Taint;
using schema::TaintEffect;

struct Removal {
  std::string key;
  std::optional<TaintEffect> effect;  // absent: every one
};
struct Change {
  std::vector<Taint> set;
  std::vector<Removal> remove;
};

bool matches(const Removal& removal, const Taint& taint) {
  return removal.key == taint.key && (!removal.effect || *removal.effect == taint.effect);
}
bool same_place(const Taint& a, const Taint& b) { return a.key == b.key && a.effect == b.effect; }

std::string text_of(const Removal& removal) {
  if (!removal.effect) return removal.key;
  return removal.key +
         (*removal.effect == TaintEffect::kNoSchedule ? ":NoSchedule" : ":PreferNoSchedule");
}

Result<TaintEffect> parse_effect(const std::string& word) {
  if (word == "NoSchedule") return TaintEffect::kNoSchedule;
  if (word == "PreferNoSchedule") return TaintEffect::kPreferNoSchedule;
  if (word == "NoExecute") {
    return invalid(
        "there is no effect NoExecute: NoSchedule keeps new projects away, and `caractrl drain` "
        "moves away what is there");
  }
  return invalid("`" + schema::printable(word) + "` is no effect" +
                 schema::hint_for(word, {"NoSchedule", "PreferNoSchedule"},
                                  "there are NoSchedule and PreferNoSchedule"));
}

// A word without the `-` of a removal. The value of what is removed does not matter.
struct Parsed {
  std::string key;
  std::string value;
  std::optional<TaintEffect> effect;
};
Result<Parsed> parse_taint(const std::string& word) {
  Parsed parsed;
  const std::size_t colon = word.find(':');
  const std::string head = word.substr(0, colon);
  const std::size_t equals = head.find('=');
  parsed.key = head.substr(0, equals);
  if (const auto wrong = schema::check_format(schema::Format::kLabelKey, parsed.key)) {
    return invalid("taint `" + schema::printable(parsed.key) + "`: " + *wrong);
  }
  if (equals != std::string::npos) parsed.value = head.substr(equals + 1);
  if (const auto wrong = schema::check_format(schema::Format::kLabelValue, parsed.value)) {
    return invalid("value of taint `" + parsed.key + "`: " + *wrong);
  }
  if (colon == std::string::npos) return parsed;
  const Result<TaintEffect> effect = parse_effect(word.substr(colon + 1));
  if (!effect) return effect.error();
  parsed.effect = *effect;
  return parsed;
}

std::optional<Error> contradiction(const Change& change) {
  for (const Taint& taint : change.set) {
    const auto& all = change.set;
    if (std::count_if(all.begin(), all.end(),
                      [&](const Taint& other) { return same_place(taint, other); }) > 1) {
      return invalid("taint `" + taint.key + "` is named twice with the same effect");
    }
    for (const Removal& removal : change.remove) {
      if (matches(removal, taint)) {
        return invalid("taint `" + taint.key + "` cannot be both set and removed");
      }
    }
  }
  return std::nullopt;
}

Result<Change> parse_change(const std::vector<std::string>& words) {
  Change change;
  for (const std::string& word : words) {
    const bool removes = word.ends_with('-');
    const Result<Parsed> parsed = parse_taint(removes ? word.substr(0, word.size() - 1) : word);
    if (!parsed) return parsed.error();
    if (removes) {
      change.remove.push_back({parsed->key, parsed->effect});
    } else if (parsed->effect) {
      change.set.push_back({parsed->key, parsed->value, *parsed->effect});
    } else {
      return invalid("taint `" + schema::printable(word) +
                     "` has no effect; write KEY=VALUE:NoSchedule or KEY=VALUE:PreferNoSchedule");
    }
  }
  if (words.empty()) return invalid("which taint? Give KEY=VALUE:EFFECT, or KEY- to remove it");
  if (const auto error = contradiction(change)) return *error;
  return change;
}

// What is to be done to a node that has taints already.
struct Plan {
  std::vector<Taint> set;
  std::vector<Taint> remove;
  bool replaces = false;
};
Result<Plan> plan_for(const schema::Node& node, const Change& change, bool overwrite) {
  Plan plan;
  const std::vector<Taint>& taints = node.spec.taints;
  for (const Taint& wanted : change.set) {
    const auto found = std::find_if(taints.begin(), taints.end(),
                                    [&](const Taint& taint) { return same_place(taint, wanted); });
    if (found == taints.end()) {
      plan.set.push_back(wanted);
    } else if (found->value != wanted.value) {
      if (!overwrite) {
        return conflict("node " + node.metadata.name + " already has [" + wanted.key +
                        "] taint(s) with same effect(s) and --overwrite is false");
      }
      plan.set.push_back(wanted);
      plan.replaces = true;
    }
  }
  for (const Removal& removal : change.remove) {
    const std::size_t before = plan.remove.size();
    std::copy_if(taints.begin(), taints.end(), std::back_inserter(plan.remove),
                 [&](const Taint& taint) { return matches(removal, taint); });
    if (plan.remove.size() == before) {
      return not_found("node/" + node.metadata.name + ": taint \"" + text_of(removal) +
                       "\" not found");
    }
  }
  return plan;
}

const char* words_of(const Plan& plan) {
  if (plan.set.empty()) return plan.remove.empty() ? " not tainted" : " untainted";
  return plan.replaces || !plan.remove.empty() ? " modified" : " tainted";
}

Exit taint(Context& context, Api& api, const std::string& name, const Change& change,
           const host::Flags& flags) {
  const auto node = get_node(api, name, flags.duration("timeout"));
  if (!node) return say_error(context, node.error());
  const Result<Plan> plan = plan_for(*node, change, flags.enabled("overwrite"));
  if (!plan) return say_error(context, plan.error());
  if (!plan->set.empty() || !plan->remove.empty()) {
    const auto reply = change_node(api,
                                   {.request_id = context.new_id(),
                                    .name = name,
                                    .uid = node->metadata.uid,
                                    .set_taints = plan->set,
                                    .remove_taints = plan->remove},
                                   flags.duration("timeout"));
    if (!reply) return say_error(context, reply.error());
  }
  context.out << "node/" << name << words_of(*plan) << std::endl;
  return kDone;
}

Exit run_taint(Context& context, const host::Flags& flags) {
  const auto words = parse_nodes_and_changes(flags.positionals());
  if (!words) return say_usage(context, "taint", words.error().message);
  const Result<Change> change = parse_change(words->changes);
  if (!change) return say_usage(context, "taint", change.error().message);
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  Exit result = kDone;
  for (const std::string& name : words->nodes) {
    const Exit end = taint(context, **api, name, *change, flags);
    result = first_failure(result, end);
    if (end == kNoConnection || end == kTimedOut) break;
  }
  return result;
}

}  // namespace

const Verb& taint_verb() {
  static const Verb kVerb{
      .name = "taint",
      .summary = "Keep projects away from nodes, unless they tolerate it",
      .usage = "taint node NODE... KEY[=VALUE]:EFFECT... KEY[:EFFECT]-... [FLAGS]",
      .details =
          "With NoSchedule only projects whose spec.tolerations name the taint are placed on the\n"
          "node; with PreferNoSchedule others come when no other node fits. What runs stays where\n"
          "it is: `caractrl drain` moves it. KEY- removes the taints of that key, KEY:EFFECT- "
          "one.\n\n"
          "Examples:\n"
          "  caractrl taint node worker-01 dedicated=db:NoSchedule\n"
          "  caractrl taint node worker-01 dedicated=web:NoSchedule --overwrite\n"
          "  caractrl taint node worker-01 dedicated-\n"
          "  caractrl taint node worker-01 slow:PreferNoSchedule dedicated:NoSchedule-\n",
      .flags = {switch_flag("overwrite",
                            "Replace a taint of the same key and effect that has another value"),
                answer_timeout_flag()},
      .run = run_taint};
  return kVerb;
}

}  // namespace cara::cli
