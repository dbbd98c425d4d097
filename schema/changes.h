// What another spec of a project will do on its node, from what decides it there (made_from.h):
// for whoever wants to know before it happens. Pure.
#pragma once

#include <string>
#include <vector>

#include "schema/types.h"

namespace cara::schema {

enum class ServiceFate {
  kCreate,
  kStartFirst,  // a new container; the old one goes when it is ready
  kStopFirst,   // a new container; the old one goes before it
  kAdjust,      // it says something else, of which the container is not made
  kKeep,
  kRemove,
};
struct ServiceChange {
  std::string name;
  ServiceFate fate = ServiceFate::kKeep;
  std::string because;  // of others that change, in words; empty: of what it says itself
  bool operator==(const ServiceChange&) const = default;
};

// kLeave: out of the spec, and still on the node: the data of a Persistent volume.
enum class PartFate { kCreate, kReplace, kChange, kRemove, kLeave };
struct PartChange {
  std::string kind;  // `volume`, `network`, `ingress`
  std::string name;
  PartFate fate = PartFate::kChange;
  bool operator==(const PartChange&) const = default;
};

struct SpecChanges {
  std::vector<ServiceChange> services;  // every one: in their order, and then those that go
  std::vector<PartChange> parts;        // what does not stay as it is
};
SpecChanges changes_between(const ProjectSpec& before, const ProjectSpec& after);

}  // namespace cara::schema
