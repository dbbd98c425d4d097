#include <limits>

#include "schema/codec.h"
#include "schema/formats.h"
#include "schema/wire.h"
#include "tests/catch_compat.h"

using namespace cara;
using namespace cara::schema;

namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (int value : values) text.push_back(static_cast<char>(value));
  return text;
}

Project sample_project() {
  Project project;
  project.metadata = {.name = "shop",
                      .uid = "u1",
                      .labels = {{"team", "blue"}},
                      .revision = 7,
                      .generation = 2,
                      .created_at = {.ms = 1'767'225'599'001}};
  project.spec.services = {{.name = "web",
                            .image = "nginx:1",
                            .env = {{"B", "2"}, {"A", "1"}, {"E", ""}},
                            .volume_mounts = {{"data", "/data"}}}};
  project.spec.volumes = {{.name = "data"}};
  project.spec.ingress = {{.name = "main", .host = "shop", .target = {"web", 80}}};
  project.spec.expire_at = Timestamp{1'767'225'599'000};
  project.status.phase = Phase::kRunning;
  project.status.node_ref = "n1";
  project.status.assignment = 3;
  return project;
}

}  // namespace

TEST_CASE("a project survives the bus, env order included [S3]") {
  const Project project = sample_project();
  const auto back = unpack_message<Project>(pack_message(project));
  REQUIRE(back.ok());
  CHECK(*back == project);
}

TEST_CASE("hostile bytes are refused, each with a sentence [S53]") {
  struct Case {
    std::string bytes;
    std::string says;
  };
  const std::vector<Case> cases{
      {"", "empty"},
      {bytes({0xc1}), "no msgpack"},
      {bytes({0x93, 1, 2, 3}), "no msgpack map"},
      {bytes({0xdd, 0xff, 0xff, 0xff, 0xff}), "larger than is allowed"},
      {bytes({0xdf, 0xff, 0xff, 0xff, 0xff}), "larger than is allowed"},
      {bytes({0x81, 0xa1, 'a', 0xdb, 0xff, 0xff, 0xff, 0xff}), "cut short"},
      {bytes({0x81, 0xa1, 'a'}), "cut short"},
      {std::string(200'000, '\x91'), "nested deeper"},
      {bytes({0x80, 0x80}), "behind its end"},
      {bytes({0x81, 0x01, 0x02}), "key that is not text"},
      {bytes({0x82, 0xa1, 'a', 1, 0xa1, 'a', 2}), "twice"},
      {bytes({0x81, 0xa1, 'a', 0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}),
       "a is too large"},
      {bytes({0x81, 0xa1, 'a', 0xa1, 0xff}), "a is not valid UTF-8"},
      {bytes({0x81, 0xa1, 'a', 0xd4, 1, 1}), ""},
      {std::string(2 * 1024 * 1024, '\x80'), "at most"},
  };
  for (const Case& hostile : cases) {
    INFO(hostile.says);
    const auto value = unpack(hostile.bytes);
    REQUIRE(!value.ok());
    INFO(value.error().message);
    CHECK(value.error().message.find(hostile.says) != std::string::npos);
  }
}

TEST_CASE("every cut of a message is refused, none crashes [S53]") {
  const std::string whole = pack_message(sample_project());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK(!unpack_message<Project>(whole.substr(0, length)).ok());
  }
}

TEST_CASE("every flipped byte is read or refused, none crashes [S53]") {
  const std::string whole = pack_message(sample_project());
  std::size_t refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      refused += unpack_message<Project>(flipped).ok() ? 0 : 1;
    }
  }
  CHECK(refused > whole.size());
}

TEST_CASE("a wrong or missing field is named") {
  const Value base(Map{{"name", Value("a")}, {"uid", Value("u")}, {"revision", Value(1)}});
  const auto missing = unpack_message<BindRequest>(pack(base));
  REQUIRE(!missing.ok());
  CHECK(missing.error().message == "node is required");

  const Value wrong(Map{
      {"name", Value("a")}, {"uid", Value("u")}, {"revision", Value("one")}, {"node", Value("n")}});
  const auto refused = unpack_message<BindRequest>(pack(wrong));
  REQUIRE(!refused.ok());
  CHECK(refused.error().message == "revision expected a whole number, found `one`");
}

TEST_CASE("a newer peer's unknown fields are ignored [E52]") {
  const Value newer(Map{{"registered", Value(true)},
                        {"revision", Value(4)},
                        {"shinyNewThing", Value(Map{{"x", Value(1)}})}});
  const auto reply = unpack_message<HeartbeatReply>(pack(newer));
  REQUIRE(reply.ok());
  CHECK(reply->revision == 4);
}

TEST_CASE("an error travels with its code, sentence and fields") {
  const Error error = invalid("two things are wrong", {{"spec.a", "is bad"}, {"spec.b", "is odd"}});
  const auto reply = unpack_reply<RevisionReply>(pack_error(error));
  REQUIRE(!reply.ok());
  CHECK(reply.error() == error);
  for (Code code : {Code::kInvalid, Code::kNotFound, Code::kConflict, Code::kForbidden,
                    Code::kUnavailable, Code::kTimeout, Code::kGone, Code::kInternal}) {
    CHECK(code_from_wire(wire_name(code)) == code);
  }
}

TEST_CASE("extreme integers keep their value") {
  for (std::int64_t number : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1},
                              std::int64_t{0}, std::numeric_limits<std::int64_t>::max()}) {
    const auto back = unpack(pack(Value(Map{{"n", Value(number)}})));
    REQUIRE(back.ok());
    CHECK(*back->find("n")->as_int() == number);
  }
}

TEST_CASE("equal specs hash alike, different ones differ") {
  const ProjectSpec spec = sample_project().spec;
  ProjectSpec other = spec;
  CHECK(hash_of(changed_fields(spec.services[0])) == hash_of(changed_fields(other.services[0])));
  other.services[0].env[0].value = "3";
  CHECK(hash_of(changed_fields(spec.services[0])) != hash_of(changed_fields(other.services[0])));
  CHECK(hash_of(to_value(spec)).size() == 16);
}

TEST_CASE("text from outside is shown without control characters [E51]") {
  CHECK(printable("a\x1b[31mb\n\x7f") == "a\\x1b[31mb\\x0a\\x7f");
  CHECK(printable("caf\xc3\xa9") == "caf\xc3\xa9");
  CHECK(printable("\xff\xc2\x9b") == "\\xff\\xc2\\x9b");
  CHECK(printable(std::string(100, 'x'), 10) == "xxxxxxxxxx...");
  CHECK(printable_lines("a\nb\r", 20) == "a\nb\\x0d");
}

TEST_CASE("pieces of streams are binary, and are no text") {
  const StreamFrame frame{.kind = FrameKind::kData,
                          .seq = 3,
                          .data = {std::string("\x00\xff\x80", 3)},
                          .channel = Channel::kStderr};
  const std::string packed = pack_message(frame);
  CHECK(packed.find(bytes({0xc4, 3, 0x00, 0xff, 0x80})) != std::string::npos);
  const auto read = unpack_message<StreamFrame>(packed);
  REQUIRE(read.ok());
  CHECK(read->data == frame.data);
  CHECK(read->channel == Channel::kStderr);
  const auto text = unpack_message<GetRequest>(pack(Map{{"name", Value(Bytes{"shop"})}}));
  REQUIRE(!text.ok());
  CHECK(text.error().message.find("name expected text, found binary data") != std::string::npos);
}

TEST_CASE("binary data is base64 where JSON shows it") {
  CHECK(to_base64("") == "");
  CHECK(to_base64("f") == "Zg==");
  CHECK(to_base64("fo") == "Zm8=");
  CHECK(to_base64("foob") == "Zm9vYg==");
  CHECK(to_base64(bytes({0x00, 0xff, 0xfe})) == "AP/+");
}
