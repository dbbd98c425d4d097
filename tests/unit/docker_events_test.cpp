#include "services/agent/docker/events.h"
#include "tests/catch_compat.h"

using namespace cara;
using namespace cara::docker;

TEST_CASE("events of our node's containers name their project, those of others are nothing") {
  StreamEvent event{.type = "container",
                    .action = "die",
                    .attributes = {{"cara.node", "n1"}, {"cara.project", "shop"}}};
  REQUIRE(relevant_event(event, "n1"));
  CHECK(relevant_event(event, "n1")->project == "shop");
  CHECK(relevant_event(event, "n1")->action == "die");
  CHECK_FALSE(relevant_event(event, "n2"));
  event.attributes.clear();
  CHECK_FALSE(relevant_event(event, "n1"));
}

TEST_CASE("events of networks and volumes carry no labels: their names tell") {
  const StreamEvent network{
      .type = "network", .action = "destroy", .attributes = {{"name", "cara-my-shop"}}};
  REQUIRE(relevant_event(network, "n1"));
  CHECK(relevant_event(network, "n1")->project == "my-shop");
  const StreamEvent volume{.type = "volume", .action = "destroy", .id = "cara-a-b-c"};
  REQUIRE(relevant_event(volume, "n1"));
  CHECK(relevant_event(volume, "n1")->project.empty());
  CHECK_FALSE(relevant_event({.type = "volume", .action = "destroy", .id = "other"}, "n1"));
  CHECK_FALSE(relevant_event({.type = "network", .action = "destroy"}, "n1"));
  CHECK_FALSE(relevant_event({.type = "image", .action = "pull", .id = "cara-x"}, "n1"));
}

TEST_CASE("an event is read in the shape of any engine version") {
  const auto old_one = read_event(
      R"({"status":"die","id":"c1","from":"x","Type":"container","Action":"die","Actor":
          {"ID":"c1","Attributes":{"cara.node":"n"}},"time":5,"timeNano":5000000001})");
  REQUIRE(old_one);
  CHECK(old_one->time_ns == 5'000'000'001);
  CHECK(old_one->attributes.at("cara.node") == "n");
  CHECK(read_event(R"({"Type":"volume","Action":"destroy"})"));
  for (const char* garbage : {"", "{", "[]", "null", "{}", R"({"Type":1,"Action":{}})", "\xff"}) {
    CHECK_FALSE(read_event(garbage));
  }
}
