// Operations and replies as payloads, with what the engine under test answers.
#include <string>

#include "tests/contract/harness.h"

using namespace cara;
using namespace cara::agent;
using namespace cara::contract;

TEST_CASE("an operation is the same after its way as a payload") {
  const ContainerSpec spec{.name = "a-web",
                           .service = {.name = "web",
                                       .image = "x:1",
                                       .command = {"run", ""},
                                       .env = {{"B", "1"}, {"A", "line\nline"}, {"E", ""}},
                                       .healthcheck = schema::Healthcheck{.interval = "5s"}},
                           .mounts = {{.volume = "cara-a-data", .path = "/data"}},
                           .endpoints = {{.network = "n1", .aliases = {"web"}, .ipv4 = {}}},
                           .labels = {{"k", "v"}}};
  const auto back = decode_op(encode(EngineOp(CreateContainer{spec})));
  REQUIRE(back.ok());
  REQUIRE(std::holds_alternative<CreateContainer>(*back));
  CHECK(std::get<CreateContainer>(*back).spec == spec);
  const auto stop = decode_op(encode(EngineOp(StopContainer{"c1", 2'500})));
  REQUIRE(stop.ok());
  CHECK(std::get<StopContainer>(*stop).grace_ms == 2'500);
  const auto pull =
      decode_op(encode(EngineOp(EnsureImage{"x:1", PullPolicy::kNever, "linux/arm64", "shop"})));
  REQUIRE(pull.ok());
  const auto& ensure = std::get<EnsureImage>(*pull);
  CHECK(ensure.policy == PullPolicy::kNever);
  CHECK(ensure.platform == "linux/arm64");
  CHECK(ensure.ticket == "shop");
  const auto network =
      decode_op(encode(EngineOp(CreateNetwork{"n", {{"k", "v"}}, true, "10.1.0.0/24"})));
  REQUIRE(network.ok());
  CHECK(std::get<CreateNetwork>(*network).internal);
  CHECK(std::get<CreateNetwork>(*network).subnet == "10.1.0.0/24");
  const auto collect = decode_op(encode(EngineOp(CollectImages{{"a", "b"}, 7})));
  REQUIRE(collect.ok());
  CHECK(std::get<CollectImages>(*collect).keep == std::vector<std::string>{"a", "b"});
  CHECK(std::get<CollectImages>(*collect).max_age_ms == 7);
  const auto cancel = decode_op(encode(EngineOp(CancelPull{"shop"})));
  REQUIRE(cancel.ok());
  CHECK(std::get<CancelPull>(*cancel).ticket == "shop");
  const auto look = decode_op(encode(EngineOp(Observe{{{"k", "v"}}, "key", true})));
  REQUIRE(look.ok());
  CHECK(std::get<Observe>(*look).any_value_of == "key");
  CHECK(std::get<Observe>(*look).brief);
  const auto info = decode_op(encode(EngineOp(GetInfo{})));
  REQUIRE(info.ok());
  CHECK(std::holds_alternative<GetInfo>(*info));
}

TEST_CASE("nothing that is free is something else than nothing that is known") {
  const EngineReply full{.readings = {.disk_bytes = 7, .disk_free_bytes = 0}};
  const auto back = decode_reply(encode(Result<EngineReply>(full)));
  REQUIRE(back.ok());
  CHECK(*back == full);
}

TEST_CASE("what the engine observes is the same after its way as a payload") {
  Project project("codec");
  project.network("cara-codec");
  project.run(CreateVolume{"cara-codec-v", project.labels()});
  project.start("codec-web", kRuns);
  const Result<EngineReply> reply = harness().engine().execute(Observe{project.labels()});
  REQUIRE(reply.ok());
  const auto back = decode_reply(encode(reply));
  REQUIRE(back.ok());
  CHECK(*back == *reply);
}

TEST_CASE("log bytes of every value survive as a payload [E48]") {
  EngineReply reply;
  for (int byte = 0; byte < 256; ++byte) reply.text.push_back(static_cast<char>(byte));
  const auto back = decode_reply(encode(Result<EngineReply>(reply)));
  REQUIRE(back.ok());
  CHECK(back->text == reply.text);
}

TEST_CASE("an error keeps its code and words as a payload") {
  const auto back = decode_reply(encode(Result<EngineReply>(conflict("the name is taken"))));
  REQUIRE_FALSE(back.ok());
  CHECK(back.error() == conflict("the name is taken"));
}

TEST_CASE("garbage instead of an operation, reply or event is refused [S53]") {
  const std::string good = encode(EngineOp(StartContainer{"c1"}));
  const std::string unknown_op = encode(EngineEvent{"p", "die", "words"});
  for (const std::string& bytes : {std::string(), std::string("\xc1"), unknown_op, good + "x",
                                   good.substr(0, good.size() - 1)}) {
    CHECK_FALSE(decode_op(bytes).ok());
  }
  CHECK_FALSE(decode_reply("\x80").ok());
  CHECK_FALSE(decode_reply("").ok());
  CHECK_FALSE(decode_event("\x91\x01").ok());
  const auto event = decode_event(unknown_op);
  REQUIRE(event.ok());
  CHECK(event->project == "p");
  CHECK(event->action == "die");
  CHECK(event->message == "words");
}
