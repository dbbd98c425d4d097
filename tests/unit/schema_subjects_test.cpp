#include "schema/subjects.h"
#include "tests/catch_compat.h"

using namespace cara::schema;

TEST_CASE("a request's subject names the caller and the operation") {
  const Identity agent{Role::kAgent, "node_example"};
  const std::string subject = api_subject(agent, "project.status");
  CHECK(subject == "cara.v1.api.agent.node_example.project.status");
  const auto call = parse_api_subject(subject);
  REQUIRE(call.has_value());
  CHECK(call->caller == agent);
  CHECK(call->kind == "project");
  CHECK(call->verb == "status");
}

TEST_CASE("subjects that are not ours are refused") {
  for (const char* subject :
       {"", "cara.v1.api", "cara.v1.api.", "cara.v1.api.admin.a.project", "cara.v1.api.king.a.b.c",
        "cara.v1.api.admin..project.get", "cara.v1.api.admin.a.project.get.more",
        "cara.v1.api.admin.*.project.get", "cara.v1.api.admin.>.project.get",
        "cara.v1.api.admin.a b.project.get", "cara.v2.api.admin.a.project.get"}) {
    INFO(subject);
    CHECK(!parse_api_subject(subject).has_value());
  }
}

TEST_CASE("wildcards, spaces and line ends never reach a subject [E6]") {
  for (const char* text : {"", "*", ">", "a b", "a\r\nPUB x 0", "a.b", "$SYS", "\xc3\xa9"}) {
    INFO(text);
    CHECK(!is_token(text));
  }
  CHECK(!is_token(std::string(254, 'a')));
  CHECK(is_token("worker-01_example"));
}

TEST_CASE("a node name with dots is one token, and comes back") {
  CHECK(heartbeat_subject("n1.example") == "cara.v1.hb.n1_example");
  CHECK(parse_heartbeat_subject("cara.v1.hb.n1_example") == "n1.example");
  CHECK(!parse_heartbeat_subject("cara.v1.hb.a.b").has_value());
  CHECK(node_wake_subject("n1.example") == "cara.v1.node.n1_example.wake");
}

TEST_CASE("an answer goes to the caller's own inbox only") {
  const Identity me{Role::kAdmin, "alice"};
  CHECK(is_own_inbox(me, "_INBOX.admin.alice.x.1"));
  CHECK(!is_own_inbox(me, "_INBOX.admin.alice"));
  CHECK(!is_own_inbox(me, "_INBOX.admin.alice2.x"));
  CHECK(!is_own_inbox(me, "_INBOX.admin.bob.x"));
  CHECK(!is_own_inbox(me, "cara.v1.api.admin.alice.project.delete"));
  CHECK(!is_own_inbox(me, "_INBOX.admin.alice.*"));
  CHECK(!is_own_inbox(me, ""));
}

TEST_CASE("an inbox is somebody's, for processes' answers, or nobody's by its name") {
  CHECK(is_plain_inbox("_INBOX.Xu4dPq.1"));
  CHECK(is_plain_inbox("_INBOX.alice"));
  for (const char* wrong : {"_INBOX.admin.alice.1", "_INBOX.agent.n1.1", "_INBOX", "_INBOX.",
                            "_INBOX.a.*", "_INBOX.a..b", "cara.v1.hb.n1", ""}) {
    INFO(wrong);
    CHECK(!is_plain_inbox(wrong));
  }
  CHECK(is_srv_inbox("_INBOX.admin.alice.srv.1"));
  CHECK(is_srv_inbox("_INBOX.viewer.bob.srv.a.1"));
  for (const char* wrong :
       {"_INBOX.admin.alice.srv", "_INBOX.admin.alice.1", "_INBOX.agent.n1.srv.1",
        "_INBOX.x.alice.srv.1", "_INBOX.admin.alice.srv.*", ""}) {
    INFO(wrong);
    CHECK(!is_srv_inbox(wrong));
  }
}

TEST_CASE("a stream's subjects name the node, whose it is, and which one") {
  const StreamId stream{"n1.example", {Role::kAdmin, "alice"}, "c0ffee", 7};
  const std::string in = stream_in_subject(stream);
  CHECK(in == "cara.v1.stream.n1_example.admin.alice.c0ffee.7.in");
  CHECK(parse_stream_subject(in) == stream);
  CHECK(parse_stream_subject(stream_out_subject(stream)) == stream);
  CHECK(streams_in_subjects("n1.example") == "cara.v1.stream.n1_example.*.*.*.*.in");
  CHECK(streams_out_subjects(stream.owner, "c0ffee") ==
        "cara.v1.stream.*.admin.alice.c0ffee.*.out");
  for (const char* subject :
       {"", "cara.v1.stream.n1.admin.alice.c.in", "cara.v1.stream.n1.king.alice.c.1.in",
        "cara.v1.stream.n1.admin.alice.c.x.in", "cara.v1.stream.n1.admin.alice.c.1.in.more",
        "cara.v1.stream.n1.admin.*.c.1.in"}) {
    INFO(subject);
    CHECK(!parse_stream_subject(subject).has_value());
  }
}
