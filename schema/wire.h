// Messages as bytes: pack_message(T) and unpack_message<T>(bytes), explicitly instantiated in
// wire*.cpp for every struct of messages.h, the messages of history.h and streams.h, Project,
// ProjectSpec and Node, so that callers compile fast.
#pragma once

#include <string>
#include <string_view>

#include "schema/history.h"
#include "schema/messages.h"
#include "schema/result.h"
#include "schema/streams.h"
#include "schema/value.h"

namespace cara::schema {

template <class T>
std::string pack_message(const T& message);

// Unknown keys are ignored; a missing required key or a wrong type is refused, naming the field.
template <class T>
Result<T> unpack_message(std::string_view bytes);

// The same for a reply, which may be an error instead.
template <class T>
Result<T> unpack_reply(std::string_view bytes);

// Objects as users see them: apiVersion, kind, metadata, spec, status.
Value to_value(const Project& project);
Value to_value(const Node& node);

// A manifest (apiVersion, kind, metadata, spec; `status` is ignored): shape, rules and
// cross-references, all errors at once.
Result<Project> read_manifest(const Value& manifest);
// The manifest of a project, canonical: what apply sends.
Value to_manifest(const Project& project);
Value to_value(const ProjectSpec& spec);
Value to_value(const RevisionInfo& revision);
Value to_value(const Event& event);
Value to_value(const NodeInfo& info);
Value to_value(const ServerInfo& info);
// What differs from the defaults: for people, and for hashes that a new field does not change.
Value changed_fields(const ProjectSpec& spec);
Value changed_fields(const ServiceDef& service);
Value changed_fields(const VolumeDef& volume);
Value changed_fields(const NetworkDef& network);

}  // namespace cara::schema
