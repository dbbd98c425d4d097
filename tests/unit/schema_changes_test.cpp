// What a container is made from, and what another spec will do.
#include "schema/changes.h"
#include "schema/made_from.h"
#include "tests/catch_compat.h"

using namespace cara;
using namespace cara::schema;

namespace {

ProjectSpec shop() {
  ProjectSpec spec;
  spec.services.push_back({.name = "web", .image = "nginx:1"});
  spec.services.push_back({.name = "db", .image = "mysql:8"});
  spec.services[1].volume_mounts = {{.name = "data", .mount_path = "/d"}};
  spec.volumes = {{.name = "data", .type = VolumeType::kPersistent}};
  return spec;
}

std::string word_of(ServiceFate fate) {
  switch (fate) {
    case ServiceFate::kCreate:
      return "create";
    case ServiceFate::kStartFirst:
      return "start first";
    case ServiceFate::kStopFirst:
      return "stop first";
    case ServiceFate::kAdjust:
      return "adjust";
    case ServiceFate::kKeep:
      return "keep";
    case ServiceFate::kRemove:
      return "remove";
  }
  CARA_CHECK(false);
}

// `web: keep, db: keep`
std::string services(const ProjectSpec& before, const ProjectSpec& after) {
  std::string text;
  for (const ServiceChange& change : changes_between(before, after).services) {
    text += (text.empty() ? "" : ", ") + change.name + ": " + word_of(change.fate);
    if (!change.because.empty()) text += " (" + change.because + ")";
  }
  return text;
}

std::vector<PartChange> parts(const ProjectSpec& before, const ProjectSpec& after) {
  return changes_between(before, after).parts;
}

}  // namespace

TEST_CASE("what a container is made from comes out as it always did") {
  ProjectSpec spec;
  spec.services.push_back({.name = "web", .image = "nginx:1"});
  CHECK(spec_hash(spec, spec.services[0]) == "8e96e89df38f3cab");
  ServiceDef rich{.name = "web", .image = "nginx:1"};
  rich.command = {"a", "b"};
  rich.env = {{"A", "b"}};
  rich.restart_policy = RestartPolicy::kNever;
  rich.ports = {{.port = "80", .host_port = "8080"}};
  rich.volume_mounts = {{.name = "conf", .mount_path = "/c"}, {.name = "data", .mount_path = "/d"}};
  rich.networks = {{.name = "back", .aliases = {"x"}}};
  spec.volumes = {{.name = "conf", .type = VolumeType::kConfig, .files = {{"f", {.content = "x"}}}},
                  {.name = "data", .type = VolumeType::kPersistent}};
  CHECK(spec_hash(spec, rich) == "6af8f0957f548d2a");
  CHECK(network_hash({.name = "back", .internal = true}) == "ba96c02950899149");
  CHECK(network_hash({.name = "back"}).empty());
  CHECK(content_hash(spec.volumes[0]) == "c6d8e95c5966172b");
  CHECK(content_hash(spec.volumes[1]).empty());
  // Only the agent acts on these.
  ServiceDef other = rich;
  other.restart_policy = RestartPolicy::kAlways;
  other.depends_on = {{.service = "db"}};
  other.stop_grace_period = "1m";
  CHECK(spec_hash(spec, other) == spec_hash(spec, rich));
  other.restarted_at = Timestamp{1};
  CHECK(spec_hash(spec, other) != spec_hash(spec, rich));
}

TEST_CASE("services that say the same are kept") {
  CHECK(services(shop(), shop()) == "web: keep, db: keep");
  CHECK(parts(shop(), shop()).empty());
}

TEST_CASE("another image or a restart is a new container, in the order of the update policy") {
  ProjectSpec next = shop();
  next.services[0].image = "nginx:2";
  CHECK(services(shop(), next) == "web: start first, db: keep");
  next.services[1].restarted_at = Timestamp{5};
  CHECK(services(shop(), next) == "web: start first, db: stop first");
  next.update_policy.order = UpdateOrder::kStopFirst;
  CHECK(services(shop(), next) == "web: stop first, db: stop first");
  next.update_policy.order = UpdateOrder::kStartFirst;
  CHECK(services(shop(), next) == "web: start first, db: start first");
  next.services[0].ports = {{.port = "80", .host_port = "8080"}};
  CHECK(services(shop(), next) == "web: stop first, db: start first");
  next.services[1].volume_mounts[0].read_only = true;
  next.update_policy.order = UpdateOrder::kAuto;
  CHECK(services(shop(), next) == "web: stop first, db: start first");
}

TEST_CASE("what only the agent acts on needs no new container") {
  ProjectSpec next = shop();
  next.services[0].restart_policy = RestartPolicy::kOnFailure;
  next.services[0].depends_on = {{.service = "db"}};
  CHECK(services(shop(), next) == "web: adjust, db: keep");
}

TEST_CASE("services come and go") {
  ProjectSpec next = shop();
  next.services[0].name = "front";
  CHECK(services(shop(), next) == "front: create, db: keep, web: remove");
}

TEST_CASE("networks take those with them that are on them") {
  ProjectSpec next = shop();
  next.networks = {{.name = "default", .internal = true}};
  CHECK(services(shop(), next) ==
        "web: stop first (network default is made anew), db: stop first (network default is made "
        "anew)");
  CHECK(parts(shop(), next) == std::vector<PartChange>{{"network", "default", PartFate::kReplace}});
  next.networks = {{.name = "back"}};
  CHECK(services(shop(), next) == "web: keep, db: keep");
  CHECK(parts(shop(), next) == std::vector<PartChange>{{"network", "back", PartFate::kCreate}});
  CHECK(parts(next, shop()) == std::vector<PartChange>{{"network", "back", PartFate::kRemove}});
  ProjectSpec joined = next;
  joined.services[0].networks = {{.name = "back"}};
  CHECK(services(next, joined) == "web: stop first, db: keep");
  ProjectSpec outside = joined;
  outside.networks[0].external = true;
  CHECK(services(joined, outside) == "web: stop first (network back is made anew), db: keep");
  CHECK(parts(joined, outside) == std::vector<PartChange>{{"network", "back", PartFate::kRemove}});
}

TEST_CASE("who shares a namespace of a new container is made anew with it") {
  ProjectSpec before = shop();
  before.services.push_back({.name = "probe", .image = "busybox"});
  before.services[2].network_mode = "Service:web";
  before.services.push_back({.name = "tail", .image = "busybox"});
  before.services[3].pid_mode = "Service:probe";
  ProjectSpec next = before;
  next.services[0].env = {{"A", "b"}};
  CHECK(services(before, next) ==
        "web: start first, db: keep, probe: stop first (it shares a namespace of web), tail: stop "
        "first (it shares a namespace of probe)");
}

TEST_CASE("volumes and ingress rules are told apart by what becomes of them") {
  ProjectSpec before = shop();
  before.volumes.push_back({.name = "tmp"});
  before.volumes.push_back(
      {.name = "conf", .type = VolumeType::kConfig, .files = {{"f", {.content = "x"}}}});
  before.volumes.push_back({.name = "host", .type = VolumeType::kHostPath, .path = "/srv"});
  before.services[0].volume_mounts = {{.name = "conf", .mount_path = "/c"}};
  before.ingress = {{.name = "web", .host = "shop", .target = {"web", 80}},
                    {.name = "old", .host = "old", .target = {"web", 80}}};
  ProjectSpec next = before;
  next.volumes = {{.name = "conf", .type = VolumeType::kConfig, .files = {{"f", {.content = "y"}}}},
                  {.name = "new"}};
  next.services[1].volume_mounts.clear();
  next.ingress = {{.name = "web", .host = "shop", .target = {"web", 81}},
                  {.name = "api", .host = "api", .target = {"web", 80}}};
  CHECK(services(before, next) == "web: start first, db: start first");
  CHECK(parts(before, next) == std::vector<PartChange>{{"volume", "conf", PartFate::kChange},
                                                       {"volume", "new", PartFate::kCreate},
                                                       {"volume", "data", PartFate::kLeave},
                                                       {"volume", "tmp", PartFate::kRemove},
                                                       {"ingress", "web", PartFate::kChange},
                                                       {"ingress", "api", PartFate::kCreate},
                                                       {"ingress", "old", PartFate::kRemove}});
}
