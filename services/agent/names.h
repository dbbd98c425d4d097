// What the agent calls its objects in the engine, and the labels it finds them by.
#pragma once

#include <string>

#include "schema/messages.h"
#include "schema/validate.h"
#include "services/agent/engine.h"

namespace cara::agent {

// Whose objects they are: an agent touches only those with both of its labels.
struct Owner {
  std::string node;
  std::string cluster;  // id of the apiserver's store
  bool operator==(const Owner&) const = default;
};

using schema::container_name;
using schema::network_name;
using schema::volume_name;

// Empty if there is none.
std::string label(const Labels& labels, const char* key);

// Finds all objects of a project, of every incarnation and assignment.
Labels project_selector(const Owner& owner, const std::string& project);

// Of one assignment of a project; networks have exactly these.
Labels project_labels(const Owner& owner, const schema::DesiredProject& desired);
Labels volume_labels(const Owner& owner, const schema::DesiredProject& desired,
                     const std::string& volume);
Labels container_labels(const Owner& owner, const schema::DesiredProject& desired,
                        const schema::ServiceDef& service);

// What a container was made from; another hash means that it has to be made anew.
std::string spec_hash(const schema::ServiceDef& service);

// True if the object was made for this uid and assignment.
bool belongs_to(const Labels& labels, const schema::DesiredProject& desired);

// Everything about the container, but not about the services beside it.
ContainerSpec container_spec(const Owner& owner, const schema::DesiredProject& desired,
                             const schema::ServiceDef& service, const std::string& network_id);

}  // namespace cara::agent
