// node.change: cordon, labels and taints of a node, by hand.
#include <algorithm>

#include "schema/formats.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"

namespace cara::apiserver {
namespace {

using schema::Format;
using schema::Node;
using schema::NodeChangeReply;
using schema::NodeChangeRequest;
using schema::Taint;

constexpr std::size_t kMaxTaints = 32;
constexpr std::size_t kMaxLabels = 128;

Result<Ok> check_pair(const std::string& what, const std::string& key, const std::string& value) {
  if (const auto wrong = check_format(Format::kLabelKey, key)) {
    return invalid("the key of a " + what + " " + *wrong);
  }
  if (const auto wrong = check_format(Format::kLabelValue, value)) {
    return invalid("the value of the " + what + " " + schema::printable(key) + " " + *wrong);
  }
  return Ok{};
}

Result<Ok> check(const NodeChangeRequest& request) {
  for (const auto& [key, value] : request.set_labels) {
    if (Result<Ok> done = check_pair("label", key, value); !done) return done;
  }
  for (const Taint& taint : request.set_taints) {
    if (Result<Ok> done = check_pair("taint", taint.key, taint.value); !done) return done;
  }
  return Ok{};
}

// What the agent brings comes back when what was set by hand is removed.
Result<Ok> change_labels(const NodeChangeRequest& request, Node& node) {
  for (const std::string& key : request.remove_labels) {
    const auto brought = node.status.agent_labels.find(key);
    auto& labels = node.metadata.labels;
    if (brought == node.status.agent_labels.end()) {
      labels.erase(key);
    } else if (labels[key] == brought->second) {
      return conflict("the label " + schema::printable(key) + " of " +
                      called("node", node.metadata.name) +
                      " is brought by its agent (--label): change it there, or set another value");
    } else {
      labels[key] = brought->second;
    }
  }
  for (const auto& [key, value] : request.set_labels) node.metadata.labels[key] = value;
  if (node.metadata.labels.size() <= kMaxLabels) return Ok{};
  return invalid("a node has at most " + std::to_string(kMaxLabels) + " labels");
}

Result<Ok> change_taints(const NodeChangeRequest& request, Node& node) {
  std::vector<Taint>& taints = node.spec.taints;
  const auto same = [](const Taint& a, const Taint& b) {
    return a.key == b.key && a.effect == b.effect;
  };
  for (const Taint& gone : request.remove_taints) {
    std::erase_if(taints, [&](const Taint& taint) { return same(taint, gone); });
  }
  for (const Taint& taint : request.set_taints) {
    const auto found = std::find_if(taints.begin(), taints.end(),
                                    [&](const Taint& other) { return same(other, taint); });
    if (found == taints.end()) {
      taints.push_back(taint);
    } else {
      *found = taint;
    }
  }
  if (taints.size() <= kMaxTaints) return Ok{};
  return invalid("a node has at most " + std::to_string(kMaxTaints) + " taints");
}

Result<Ok> tell_change(Context& context, const Node& old, const Node& node) {
  if (old.spec.unschedulable != node.spec.unschedulable) {
    const Cause cause = node.spec.unschedulable
                            ? Cause{"Cordoned", "The node takes no new projects"}
                            : Cause{"Uncordoned", "The node takes new projects again"};
    if (Result<Ok> done = tell(context, node, cause); !done) return done;
  }
  if (old.spec.taints != node.spec.taints) {
    if (Result<Ok> done = tell(context, node, {"TaintsChanged", "Its taints were changed"});
        !done) {
      return done;
    }
  }
  if (old.metadata.labels == node.metadata.labels) return Ok{};
  return tell(context, node, {"LabelsChanged", "Its labels were changed"});
}

}  // namespace

Result<NodeChangeReply> node_change(Context& context, const Identity&,
                                    const NodeChangeRequest& request) {
  if (Result<Ok> done = check(request); !done) return done.error();
  const Result<Node> old = find_node(context, request.name, request.uid);
  if (!old) return old.error();
  Node node = *old;
  if (request.unschedulable) node.spec.unschedulable = *request.unschedulable;
  if (Result<Ok> done = change_labels(request, node); !done) return done.error();
  if (Result<Ok> done = change_taints(request, node); !done) return done.error();
  if (node == *old) return NodeChangeReply{.changed = false, .node = std::move(node)};
  if (node.spec != old->spec) ++node.metadata.generation;
  if (Result<Ok> done = tell_change(context, *old, node); !done) return done.error();
  if (Result<Ok> done = save(context, node, {.schedulers = true}); !done) return done.error();
  return NodeChangeReply{.changed = true, .node = std::move(node)};
}

}  // namespace cara::apiserver
