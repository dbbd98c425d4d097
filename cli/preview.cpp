#include "cli/preview.h"

#include "cli/field_changes.h"
#include "cli/render.h"
#include "schema/changes.h"
#include "schema/formats.h"
#include "schema/lifecycle.h"
#include "schema/wire.h"

namespace cara::cli {
namespace {

using schema::ApplyReply;
using schema::PartChange;
using schema::PartFate;
using schema::ServiceChange;
using schema::ServiceFate;

constexpr std::size_t kMaxShown = 160;

// What a manifest says, and nothing that the system writes.
Value comparable(const schema::Project& project) {
  schema::Project said = project;
  said.metadata = {.name = project.metadata.name,
                   .labels = project.metadata.labels,
                   .annotations = project.metadata.annotations};
  return schema::to_manifest(said);
}

std::vector<FieldChange> changes_of(const ApplyReply& reply, Secrets secrets) {
  const Value before = reply.previous ? comparable(*reply.previous) : Value(Map{});
  std::vector<FieldChange> changes = field_changes(before, comparable(reply.project));
  if (secrets == Secrets::kHidden) hide_secrets(changes);
  return changes;
}

std::string shown(const Value& value) {
  const std::string* text = value.as_string();
  const bool plain =
      text != nullptr && !text->empty() && text->find_first_of("\n\t\" ") == std::string::npos;
  const std::string json = plain ? *text : to_json(value);
  // A list or a map has a line for each entry.
  std::string line;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const bool next_line = json[i] == '\n';
    line += next_line ? ' ' : json[i];
    while (next_line && i + 1 < json.size() && json[i + 1] == ' ') ++i;
  }
  while (line.ends_with(' ')) line.pop_back();
  return schema::printable(line, kMaxShown);
}

std::string_view word_of(ServiceFate fate) {
  switch (fate) {
    case ServiceFate::kCreate:
      return "create";
    case ServiceFate::kStartFirst:
    case ServiceFate::kStopFirst:
      return "recreate";
    case ServiceFate::kAdjust:
      return "adjust";
    case ServiceFate::kKeep:
      return "keep";
    case ServiceFate::kRemove:
      return "remove";
  }
  CARA_CHECK(false);
}

std::string_view word_of(PartFate fate) {
  switch (fate) {
    case PartFate::kCreate:
      return "create";
    case PartFate::kReplace:
      return "recreate";
    case PartFate::kChange:
      return "change";
    case PartFate::kRemove:
      return "remove";
    case PartFate::kLeave:
      return "leave";
  }
  CARA_CHECK(false);
}

// When a new container comes: as far as there is one that it takes the place of.
std::string_view order_of(ServiceFate fate) {
  if (fate == ServiceFate::kStartFirst) return "start first";
  return fate == ServiceFate::kStopFirst ? "stop first" : "";
}

std::string sentence_of(const ServiceChange& change) {
  std::string text = std::string(word_of(change.fate)) + " " + change.name;
  const std::string order(order_of(change.fate));
  if (order.empty()) return text;
  return text + " (" + order + (change.because.empty() ? "" : ": " + change.because) + ")";
}

std::string sentence_of(const PartChange& change) {
  if (change.fate == PartFate::kLeave) {
    return "leave " + change.kind + " " + change.name + " on the node";
  }
  return std::string(word_of(change.fate)) + " " + change.kind + " " + change.name;
}

schema::SpecChanges plan_of(const ApplyReply& reply) {
  // What has no node yet has no containers that could be kept.
  const bool is_made = reply.previous && schema::is_bound(reply.previous->status.phase);
  return changes_between(is_made ? reply.previous->spec : schema::ProjectSpec{},
                         reply.project.spec);
}

// What becomes of the project as a whole. Applying never moves one that has a node.
std::string whole_of(const ApplyReply& reply) {
  if (!reply.previous) return "place it on a node";
  if (!schema::is_bound(reply.previous->status.phase)) return "it still waits for a node";
  return "move nothing";
}

std::string stop_of(const ApplyReply& reply) {
  const bool was = reply.previous && reply.previous->spec.paused;
  const bool is = reply.project.spec.paused;
  if (is) return was ? "it stays stopped; when it is started: " : "stop it; when it is started: ";
  return was ? "start it: " : "";
}

}  // namespace

std::string_view word_of(schema::ApplyOutcome outcome) {
  switch (outcome) {
    case schema::ApplyOutcome::kCreated:
      return "created";
    case schema::ApplyOutcome::kConfigured:
      return "configured";
    case schema::ApplyOutcome::kUnchanged:
      return "unchanged";
  }
  CARA_CHECK(false);
}

std::string actions_of(const ApplyReply& reply) {
  const schema::SpecChanges plan = plan_of(reply);
  std::string text = stop_of(reply);
  for (const ServiceChange& change : plan.services) text += sentence_of(change) + ", ";
  for (const PartChange& change : plan.parts) text += sentence_of(change) + ", ";
  return schema::printable(text + whole_of(reply), 16 * 1024);
}

std::string preview_text(const ApplyReply& reply, Secrets secrets, const Style& style) {
  if (reply.outcome == schema::ApplyOutcome::kUnchanged) return "";
  std::string text;
  for (const FieldChange& change : changes_of(reply, secrets)) {
    const std::string path = schema::printable(change.path, kMaxShown);
    if (!change.before) {
      text += style.paint(Colour::kGreen, "  + " + path + ": " + shown(*change.after)) + "\n";
    } else if (!change.after) {
      text += style.paint(Colour::kRed, "  - " + path + ": " + shown(*change.before)) + "\n";
    } else {
      text += style.paint(Colour::kYellow, "  ~ " + path + ": " + shown(*change.before) + " -> " +
                                               shown(*change.after)) +
              "\n";
    }
  }
  return text + style.paint(Colour::kBold, "  = " + actions_of(reply)) + "\n";
}

Value preview_value(const ApplyReply& reply, Secrets secrets) {
  Array fields;
  const bool same = reply.outcome == schema::ApplyOutcome::kUnchanged;
  if (!same) {
    for (const FieldChange& change : changes_of(reply, secrets)) {
      Map field{{"path", Value(change.path)}};
      if (change.before) field.push_back({"before", *change.before});
      if (change.after) field.push_back({"after", *change.after});
      fields.push_back(Value(std::move(field)));
    }
  }
  const schema::SpecChanges plan = plan_of(reply);
  Array services;
  for (const ServiceChange& change : plan.services) {
    Map service{{"name", Value(change.name)}, {"action", Value(word_of(change.fate))}};
    const std::string_view order = order_of(change.fate);
    if (!order.empty()) {
      service.push_back({"order", Value(order == "start first" ? "StartFirst" : "StopFirst")});
    }
    if (!change.because.empty()) service.push_back({"because", Value(change.because)});
    services.push_back(Value(std::move(service)));
  }
  Array parts;
  for (const PartChange& change : plan.parts) {
    parts.push_back(Value(Map{{"kind", Value(change.kind)},
                              {"name", Value(change.name)},
                              {"action", Value(word_of(change.fate))}}));
  }
  return Map{{"project", Value(reply.project.metadata.name)},
             {"outcome", Value(word_of(reply.outcome))},
             {"fields", Value(std::move(fields))},
             {"services", Value(std::move(services))},
             {"parts", Value(std::move(parts))},
             {"moves", Value(false)},
             {"summary", Value(same ? std::string("change nothing") : actions_of(reply))}};
}

}  // namespace cara::cli
