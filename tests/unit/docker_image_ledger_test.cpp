#include "services/agent/docker/image_ledger.h"
#include "services/agent/docker/pull_log.h"
#include "tests/catch_compat.h"

using namespace cara::docker;

namespace {

std::vector<std::string> names(const std::vector<PulledImage>& images) {
  std::vector<std::string> out;
  for (const PulledImage& image : images) out.push_back(image.reference + " " + image.id);
  return out;
}
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("images that nothing has used for the age are old, the oldest first") {
  std::vector<PulledImage> images{{"new", "i1", 900},
                                  {"old", "i2", 600},
                                  {"running", "i3", 100},
                                  {"named", "i4", 100},
                                  {"older", "i5", 500}};
  const ImageUse use{.ids = {"i3", "foreign"}, .references = {"named"}};
  CHECK(names(unused_images(images, use, 1'000, 300)) == Names{"older i5", "old i2"});
  // What is used now is as new as it can be.
  CHECK(names(unused_images(images, {}, 1'200, 300)) == Names{"older i5", "old i2", "new i1"});
  CHECK(unused_images(images, {}, 1'200, 2'000).empty());
}

TEST_CASE("only what was not there before is ours") {
  std::string saved;
  ImageLedger ledger("", [&](const std::string& text) { saved = text; });
  ledger.pulled("theirs", "i1", "i1", 5);        // was there
  ledger.pulled("theirs-moved", "i1", "i2", 5);  // their name has gone over to a new image
  ledger.pulled("ours", "", "i3", 5);
  CHECK(saved == "5 i3 ours\n");
  ledger.pulled("ours", "i3", "i3", 6);
  CHECK(saved == "6 i3 ours\n");
  ledger.pulled("ours", "i3", "i4", 7);
  CHECK(saved == "6 i3 -\n7 i4 ours\n");
  ledger.used("ours", 8);
  ledger.used("theirs", 8);
  CHECK(saved == "6 i3 -\n8 i4 ours\n");
  CHECK(names(ledger.unused({.ids = {}, .references = {"ours"}}, 9, 0)) == Names{"- i3"});
  ledger.forget({"-", "i3", 6});
  CHECK(saved == "9 i4 ours\n");
}

TEST_CASE("what was pulled is known after a restart, and garbage is left out") {
  const std::vector<PulledImage> images{{"r:5000/a@sha256:1", "sha256:2", 17}, {"-", "x", 0}};
  CHECK(read_images(write_images(images)) == images);
  CHECK(names(read_images("x\n\n5 id\n5 id ref more\n7 id ref\n\xff\n9 cut")) == Names{"ref id"});
  ImageLedger ledger("7 id ref\n", {});
  CHECK(names(ledger.unused({}, 8, 0)) == Names{"ref id"});
}

TEST_CASE("a pull's progress is counted in layers and bytes") {
  PullLog log;
  CHECK(log.progress().empty());
  log.feed("{\"status\":\"Pulling from a\",\"id\":\"1\"}\n{\"status\":\"Pulling fs layer\",");
  CHECK(log.progress().empty());
  log.feed("\"id\":\"aa\"}\n{\"status\":\"Already exists\",\"id\":\"bb\"}\r\n");
  CHECK(log.progress() == "1 of 2 layers, 0.0 MB of 0.0 MB");
  log.feed(
      R"({"status":"Downloading","id":"aa","progressDetail":{"current":1260000,"total":4500000}})"
      "\n");
  CHECK(log.progress() == "1 of 2 layers, 1.3 MB of 4.5 MB");
  log.feed(R"({"status":"Extracting","id":"aa","progressDetail":{"current":1,"total":4500000}})"
           "\n");
  CHECK(log.progress() == "1 of 2 layers, 4.5 MB of 4.5 MB");
  log.feed("{\"status\":\"Pull complete\",\"id\":\"aa\"}\n{\"status\":\"Digest: x\"}\nnot JSON\n");
  CHECK(log.progress() == "2 of 2 layers, 4.5 MB of 4.5 MB");
  CHECK(log.take_error().empty());
}

TEST_CASE("a pull's first error counts, also on a line without an end [S24]") {
  PullLog log;
  log.feed("{\"error\":\"first\"}\n{\"error\":\"second\"}");
  CHECK(log.take_error() == "first");
  PullLog cut;
  cut.feed("{\"error\":\"last\"}");
  CHECK(cut.take_error() == "last");
}

TEST_CASE("a pull's stream without end or sense takes no memory [E48]") {
  PullLog log;
  for (int i = 0; i < 3'000; ++i) {
    log.feed("{\"status\":\"Waiting\",\"id\":\"" + std::to_string(i) + "\"}\n");
  }
  CHECK(log.progress() == "0 of 1024 layers, 0.0 MB of 0.0 MB");
  log.feed(std::string(1'000'000, '{'));
  log.feed(
      "{\"status\":\"Downloading\",\"id\":\"1\",\"progressDetail\":{\"current\":-5,\"total\":-9}}"
      "\n");
  CHECK(log.progress() == "0 of 1024 layers, 0.0 MB of 0.0 MB");
}
