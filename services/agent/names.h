// What the agent calls its objects in the engine, and the labels it finds them by.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "schema/made_from.h"
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
using schema::content_hash;
using schema::memberships;
using schema::network_hash;
using schema::network_name;
using schema::own_networks;
using schema::spec_hash;
using schema::volume_name;

// Empty if there is none.
std::string label(const Labels& labels, const char* key);

// Finds all objects of a project, of every incarnation and assignment.
Labels project_selector(const Owner& owner, const std::string& project);

// Of one assignment of a project.
Labels project_labels(const Owner& owner, const schema::DesiredProject& desired);
Labels network_labels(const Owner& owner, const schema::DesiredProject& desired,
                      const schema::NetworkDef& network);
Labels volume_labels(const Owner& owner, const schema::DesiredProject& desired,
                     const schema::VolumeDef& volume);
Labels container_labels(const Owner& owner, const schema::DesiredProject& desired,
                        const schema::ServiceDef& service);

// True if the object was made for this uid and assignment.
bool belongs_to(const Labels& labels, const schema::DesiredProject& desired);

// The name that a container has until it takes the place of its predecessor. No service can be
// called so: a dot is no part of a service's name.
std::string next_container_name(const std::string& project, const std::string& service);

// Ids in the engine that a container is made with.
struct Surroundings {
  std::map<std::string, std::string> networks;    // by name in the spec
  std::map<std::string, std::string> containers;  // by service
};

ContainerSpec container_spec(const Owner& owner, const schema::DesiredProject& desired,
                             const schema::ServiceDef& service, const Surroundings& around);

}  // namespace cara::agent
