// FakeApi: a small control plane in memory, with faults that a test sets. For cli_bench.h.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/verb.h"
#include "schema/history.h"
#include "schema/lifecycle.h"
#include "schema/messages.h"
#include "tests/unit/cli_streams.h"

namespace cara::cli::test {

inline constexpr Timestamp kNow{1'750'000'000'000};

// Projects and nodes by name; a request id answers the same twice. Faults are set by the test.
class FakeApi final : public Api {
 public:
  FakeApi();
  ~FakeApi() override;
  FakeApi(const FakeApi&) = delete;
  FakeApi& operator=(const FakeApi&) = delete;

  std::map<std::string, schema::Project> projects;
  std::map<std::string, schema::Node> nodes;
  std::vector<schema::RevisionInfo> revisions;  // of every project
  std::vector<schema::Event> events;            // by number
  schema::UndoReply undone;
  schema::UndoRequest undo;          // the last one
  schema::DeleteReply delete_reply;  // beside outcome and uid
  schema::ServerInfo info{"9.9.9", "i", "c1", 1};
  std::vector<schema::NodeChangeRequest> changes;
  std::vector<schema::ProjectChangeRequest> project_changes;
  std::vector<schema::MoveRequest> moves;
  std::map<std::string, std::string> immovable;  // projects by name, and why
  std::string candidate = "w2";                  // of every move
  std::size_t page = 1000;
  int broken_lists = 0;                         // so many lists of projects fail
  int lose_replies = 0;                         // handled, but the answer does not come
  std::optional<Error> fail;                    // every call
  std::vector<std::string> calls;               // operations, in order
  std::vector<std::string> watched;             // subjects
  std::vector<std::string> request_ids;         // of applies and deletes
  std::function<void(FakeApi&)> before_apply;   // once, before the next one that is to be kept
  std::function<void(FakeApi&)> while_waiting;  // something happens while a command waits
  // Answers what the fake does not know; nothing: it does not know it either.
  std::function<std::optional<runtime::Payload>(std::string_view, const runtime::Payload&)> more;
  // Everybody who hears a question; none: there is nobody to ask.
  std::function<Result<std::vector<Heard>>(const std::string&, runtime::Duration, const IsDone&)>
      hear;
  runtime::MonoTime mono;

  Result<runtime::Payload> call(std::string_view operation, const runtime::Payload& body,
                                runtime::Duration timeout) override;
  Result<std::unique_ptr<Hints>> watch(const std::string& subject) override;

  Result<std::vector<Heard>> ask_all(const std::string& subject, runtime::Duration patience,
                                     const IsDone& done) override {
    return hear ? hear(subject, patience, done) : Api::ask_all(subject, patience, done);
  }

  FakeStreams agents;
  Streams& streams() override;

  schema::Node& add_node(const std::string& name);
  // `project` is on `node`.
  void place(const std::string& project, const std::string& node, schema::Phase phase);
  schema::Project& add(const std::string& name, schema::Phase phase = schema::Phase::kPending);

 private:
  runtime::Payload apply(const runtime::Payload& body);
  runtime::Payload change_project(const runtime::Payload& body);
  runtime::Payload remove(const runtime::Payload& body, bool is_node);
  runtime::Payload history(const runtime::Payload& body);
  runtime::Payload list_events(const runtime::Payload& body);
  runtime::Payload change(const runtime::Payload& body);
  runtime::Payload move(const runtime::Payload& body);
  runtime::Payload allow_moves();
  runtime::Payload answer(std::string_view operation, const runtime::Payload& body);

  std::map<std::string, runtime::Payload> kept_;
};

}  // namespace cara::cli::test
