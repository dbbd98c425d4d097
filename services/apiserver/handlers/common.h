// What several handlers share: finding an object, saving it, ending a project, cutting pages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/subjects.h"
#include "schema/types.h"
#include "services/apiserver/context.h"

namespace cara::apiserver {

// A page of a reply ends here; with one object more it stays well under the bus's 1 MiB.
inline constexpr std::size_t kMaxPageBytes = 512 * 1024;
// Texts from other processes are cut here before they are stored.
inline constexpr std::size_t kMaxMessageBytes = 4 * 1024;
inline constexpr std::size_t kMaxWordBytes = 64;
inline constexpr std::size_t kMaxNameBytes = 253;
inline constexpr std::size_t kMaxEventMessageBytes = 1024;

// `project/wordpress`, printable whatever the name.
std::string called(std::string_view kind, std::string_view name);

// Refused with kNotFound, or kConflict when `uid` is not empty and names another incarnation.
Result<schema::Project> find_project(Context& context, const std::string& name,
                                     const std::string& uid);
Result<schema::Node> find_node(Context& context, const std::string& name, const std::string& uid);
Result<std::vector<schema::Project>> bound_projects(Context& context, const std::string& node);
Result<std::vector<schema::Node>> all_nodes(Context& context);

// Rows of the change log that one reply has; one more is read, to know that there are more.
inline constexpr std::size_t kMaxChangesPerReply = 1'000;
// The newest change of each object after `since`. kGone: too far behind; `what` is asked for.
Result<std::vector<ChangeRow>> changes_after(Context& context, std::int64_t since,
                                             const std::string& what);

// Refused unless the caller is the agent of `node` in its current registration.
Result<schema::Node> registered_node(Context& context, const schema::Identity& caller,
                                     const std::string& node, std::int64_t registration);

Result<Ok> save(Context& context, schema::Project& project, const Notify& notify);
// What a node says of routes holds while it has the project and is heard. A part of saving it.
void settle_ingress(schema::Project& project);
Result<Ok> save(Context& context, schema::Node& node, const Notify& notify);

// Why something is done to a project, as its Phase condition will say.
struct Cause {
  std::string reason;   // one CamelCase word
  std::string message;  // for people
};
// Every move of a phase goes through here: the condition, and an event.
Result<Ok> move(Context& context, schema::Project& project, schema::Phase to, const Cause& cause);
// An event: what happened to an object, for people. Merged by `about`, or by the message.
Result<Ok> tell(Context& context, const schema::Project& project, const Cause& cause,
                const std::string& about = "", std::int64_t count = 1);
Result<Ok> tell(Context& context, const schema::Node& node, const Cause& cause);
// Who caused it, as events say: `admin/alice`, `agent/worker-01`, `scheduler`.
std::string actor_of(const schema::Identity& caller);
// The text changes, the time does not: only a move of the phase is a transition. False: no change.
bool explain_phase(schema::Project& project, const Cause& cause);

// Deletion begins: Terminating, or Terminated at once when no node has anything of it.
Result<Ok> begin_end(Context& context, schema::Project& project, const Cause& cause);
// A Terminating project becomes Terminated without its node saying so.
Result<Ok> end_without_node(Context& context, schema::Project& project, const Cause& cause);
// Why a project is placed on another node by hand.
Cause moved_from(const std::string& node);
// A bound project becomes Pending, to be placed again.
Result<Ok> unbind(Context& context, schema::Project& project, const Cause& cause);
// Its node is gone for good, with whatever it had of the project: Pending, or Terminated.
Result<Ok> take_off(Context& context, schema::Project& project, const Cause& cause);
// Its node is lost: the condition whose time starts the window, once.
Result<Ok> mark_lost(Context& context, schema::Project& project);

// Values of variables and files are for admins and for the agent that needs them.
void redact(const schema::Identity& caller, schema::ProjectSpec& spec);

// Counts what goes into a page.
class Page {
 public:
  explicit Page(std::int64_t limit) : limit_(limit) {}
  // The first object always fits.
  bool takes(std::size_t bytes) {
    const bool fits =
        count_ == 0 || (bytes_ + bytes <= kMaxPageBytes && (limit_ <= 0 || count_ < limit_));
    if (fits) {
      bytes_ += bytes;
      ++count_;
    }
    return fits;
  }

 private:
  std::int64_t limit_;
  std::int64_t count_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace cara::apiserver
