#include "tests/sim/operator.h"

#include <utility>

#include "schema/lifecycle.h"

namespace cara::sim {
namespace {

constexpr runtime::TimerId kNextTimer = 1;
constexpr runtime::Duration kTimeout = std::chrono::milliseconds(800);

}  // namespace

Operator::Operator(OperatorOptions options, runtime::Seed seed)
    : options_(std::move(options)),
      identity_{schema::Role::kAdmin, options_.id},
      random_(seed),
      is_tidy_(random_.below(2) == 0) {}

runtime::Effects Operator::step(std::span<const runtime::Event> batch, runtime::Instant) {
  runtime::Effects out;
  for (const runtime::Event& event : batch) {
    if (std::holds_alternative<runtime::Started>(event)) {
      out.push_back(runtime::SetTimer{kNextTimer, options_.every});
    } else if (const auto* answer = std::get_if<runtime::Answered>(&event)) {
      if (const auto errand = waiting_.take(answer->id)) on_answer(*errand, *answer, out);
    } else if (std::holds_alternative<runtime::TimerFired>(event)) {
      act(out);
    }
  }
  return out;
}

void Operator::act(runtime::Effects& out) {
  if (finished_) return;
  const auto every = static_cast<std::uint64_t>(options_.every.count());
  out.push_back(runtime::SetTimer{kNextTimer, runtime::Duration(1 + random_.below(2 * every))});
  if (!finishing_) return begin_deed(out);
  finished_ = !is_tidy_ || tidied_ == options_.nodes.size();
  if (!finished_ && waiting_.size() == 0) tidy(out);
}

template <class Message>
void Operator::send(Errand errand, std::string_view operation, const Message& message,
                    runtime::Effects& out) {
  const runtime::RequestId id = ids_.next();
  waiting_.add(id, errand);
  out.push_back(runtime::call(id, identity_, operation, message, kTimeout));
}

void Operator::begin_deed(runtime::Effects& out) {
  const std::string& node = options_.nodes[random_.below(options_.nodes.size())];
  const std::string& project = options_.projects[random_.below(options_.projects.size())];
  const std::uint64_t dice = random_.below(100);
  schema::NodeChangeRequest change{.request_id = random_.next(), .name = node};
  if (dice < 30) {
    change.unschedulable = random_.below(5) < 2;
    send(Errand::kOther, "node.change", change, out);
  } else if (dice < 50) {
    const schema::Taint taint{.key = kTaint,
                              .value = "yes",
                              .effect = random_.below(3) == 0
                                            ? schema::TaintEffect::kPreferNoSchedule
                                            : schema::TaintEffect::kNoSchedule};
    (random_.below(5) < 2 ? change.set_taints : change.remove_taints).push_back(taint);
    send(Errand::kOther, "node.change", change, out);
  } else if (dice < 80) {
    send(Errand::kLook, "project.get", schema::GetRequest{project}, out);
  } else if (dice < 88) {
    send(Errand::kOther, "node.delete",
         schema::DeleteRequest{
             .request_id = change.request_id, .name = node, .uid = "", .force = true},
         out);
  } else {
    send(Errand::kOther, "cluster.allow-moves", schema::AllowMovesRequest{change.request_id}, out);
  }
}

// All nodes, again and again, until none of them was refused.
void Operator::tidy(runtime::Effects& out) {
  tidied_ = 0;
  for (const std::string& node : options_.nodes) {
    schema::NodeChangeRequest change{.request_id = random_.next(), .name = node};
    change.unschedulable = false;
    for (const auto effect :
         {schema::TaintEffect::kNoSchedule, schema::TaintEffect::kPreferNoSchedule}) {
      change.remove_taints.push_back({.key = kTaint, .value = "", .effect = effect});
    }
    send(Errand::kTidy, "node.change", change, out);
  }
}

void Operator::move_off(const schema::Project& project, runtime::Effects& out) {
  if (!schema::is_bound(project.status.phase)) return;
  send(Errand::kOther, "project.move",
       schema::MoveRequest{.request_id = random_.next(),
                           .name = project.metadata.name,
                           .uid = project.metadata.uid,
                           .node = project.status.node_ref},
       out);
}

void Operator::on_answer(Errand errand, const runtime::Answered& answer, runtime::Effects& out) {
  switch (errand) {
    case Errand::kLook: {
      const auto found = runtime::open<schema::ProjectReply>(answer);
      if (found.ok() && !finishing_) move_off(found->project, out);
      return;
    }
    case Errand::kTidy:
      if (runtime::open<schema::NodeChangeReply>(answer).ok()) ++tidied_;
      return;
    case Errand::kOther:
      return;
  }
}

}  // namespace cara::sim
