// Mirror: a local copy of all projects and nodes. It lists them page by page, then follows with
// `changes.since(revision)`; hints make it fast, a slow timer makes it right.
//
// It is embedded in an actor: give it every event, and pull() when a hint arrives. A list that is
// only half read is never shown: until ready() there is nothing, and during a second list the old
// content stays. What is shown may be old, so whoever acts on it acts conditionally.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "schema/messages.h"
#include "schema/subjects.h"
#include "services/runtime/backoff.h"
#include "services/runtime/ids.h"

namespace cara::runtime {

struct MirrorOptions {
  schema::Identity caller;
  TimerId timer = 0;  // the mirror's own among the actor's timers
  Duration pull_every = std::chrono::seconds(5);
  Duration call_timeout = std::chrono::seconds(2);
  Backoff backoff = {.base = std::chrono::milliseconds(100), .max = std::chrono::seconds(5)};
  std::size_t max_news = 0;  // names that are kept for take_news(); 0: nobody takes them
};

// What an actor needs to know to follow the content step by step.
struct MirrorNews {
  bool all = false;                // anything may have changed: it was listed, or was too much
  std::set<std::string> projects;  // these were written or deleted
  std::set<std::string> nodes;
  std::vector<std::string> claimed;  // ChangesReply.claimed, of every reply
};

class Mirror {
 public:
  // `ids` must outlive the mirror.
  Mirror(MirrorOptions options, RequestIds& ids) : options_(std::move(options)), ids_(ids) {}
  Mirror(const Mirror&) = delete;
  Mirror& operator=(const Mirror&) = delete;

  // True if the event was meant for the mirror alone. Started and Resync make it pull, too.
  bool handle(const Event& event, Effects& out);
  // There may be something newer: asks now, or behind the request that is under way.
  void pull(Effects& out);
  // A Wake from the bus: pulls unless it names a revision that is already here.
  void wake(const Payload& body, Effects& out);

  bool ready() const { return version_ != 0; }
  const std::map<std::string, schema::Project>& projects() const { return shown_.projects; }
  const std::map<std::string, schema::Node>& nodes() const { return shown_.nodes; }
  std::int64_t revision() const { return shown_.revision; }
  // Grows whenever the content changed; 0 until the first list is complete.
  std::uint64_t version() const { return version_; }
  // Of the newest ChangesReply.
  std::int64_t claim_ms() const { return claim_ms_; }
  schema::PlacementStrategy placement() const { return placement_; }
  // Since it was called last. Nothing until ready().
  MirrorNews take_news();
  // The apiserver's wall clock when it last told of changes; once for each time that it did.
  std::optional<Timestamp> take_server_time() { return std::exchange(server_time_, std::nullopt); }

 private:
  struct Content {
    std::map<std::string, schema::Project> projects;
    std::map<std::string, schema::Node> nodes;
    std::int64_t revision = 0;
  };
  enum class Step { kListProjects, kListNodes, kFollow };

  void ask(Effects& out);
  void on_answer(const Answered& answer, Effects& out);
  Result<Ok> on_projects(const Answered& answer);
  Result<Ok> on_nodes(const Answered& answer);
  Result<Ok> on_changes(const Answered& answer);
  void fail(const Error& error, Effects& out);
  void restart_list();
  void remember(const schema::Change& change);
  void remember_claims(std::vector<std::string> claimed);
  Content& target() { return relisting_ ? *relisting_ : shown_; }

  MirrorOptions options_;
  RequestIds& ids_;

  Content shown_;
  std::uint64_t version_ = 0;
  std::optional<Timestamp> server_time_;
  std::optional<Content> relisting_ = Content{};  // replaces shown_ once it is complete
  MirrorNews news_;
  std::int64_t claim_ms_ = 0;
  schema::PlacementStrategy placement_ = schema::PlacementStrategy::kSpread;

  Step step_ = Step::kListProjects;
  std::string after_;  // the last name of the page before
  std::optional<RequestId> asked_;
  bool more_ = false;   // the answer was not all there is
  bool again_ = false;  // a hint came while the request was under way
  std::uint32_t failures_ = 0;
  std::string last_error_;
};

}  // namespace cara::runtime
