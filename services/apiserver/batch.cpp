#include "services/apiserver/batch.h"

#include <utility>

#include "schema/codec.h"
#include "schema/formats.h"
#include "schema/wire.h"
#include "services/apiserver/announce.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"
#include "services/apiserver/handlers/held.h"
#include "services/apiserver/operations.h"

namespace cara::apiserver {
namespace {

using runtime::Delivered;
using runtime::Payload;
using schema::Identity;

// An answer to somebody else's subject would make this process say what the sender may not.
bool may_answer(const Context& context, const Delivered& message, const Identity& sender) {
  if (!message.reply) return false;
  const std::string& subject = message.reply->subject;
  return schema::is_own_inbox(sender, subject) ||
         (context.options.open_bus && schema::is_plain_inbox(subject));
}

// One try at a batch. With a refusal it is the second one: nothing is written, reads are answered.
class Try {
 public:
  Try(Context& context, std::optional<Error> refusal)
      : context_(context), refusal_(std::move(refusal)) {}

  Result<BatchResult> run(std::span<const runtime::Event> batch, const Duties& duties) {
    context_.told.clear();
    if (Result<Ok> done = context_.store.begin(refusal_); !done) return give_up(done.error());
    if (duties.load_nodes) {
      if (Result<Ok> done = watch_all_nodes(context_); !done) return give_up(done.error());
      if (Result<Ok> done = watch_all_routes(context_); !done) return give_up(done.error());
    }
    for (const runtime::Event& event : batch) {
      if (const auto* message = std::get_if<Delivered>(&event)) serve(*message);
    }
    if (duties.judge_nodes) judge();
    if (duties.remind_schedulers) remind();
    if (context_.store.trouble() != Trouble::kNone) return give_up(context_.store.trouble_error());
    if (Result<Ok> done = context_.store.commit(); !done) return give_up(done.error());
    for (runtime::Effect& effect : context_.told) result_.effects.push_back(std::move(effect));
    runtime::Effects news =
        announce(context_.store.written(), context_.store.revision(), context_.routes);
    for (runtime::Effect& effect : news) result_.effects.push_back(std::move(effect));
    return std::move(result_);
  }

 private:
  Error give_up(const Error& why) {
    context_.store.rollback();
    return why;
  }

  // Runs `work` in a savepoint; an error undoes what it wrote, and so does a trial.
  template <class Work>
  auto attempt(const Work& work) -> decltype(work()) {
    if (Result<Ok> done = context_.store.begin_request(); !done) return done.error();
    context_.trial = false;
    auto result = work();
    if (!result.ok() || context_.trial) {
      context_.store.undo_request();
    } else if (Result<Ok> done = context_.store.keep_request(); !done) {
      return done.error();
    }
    return result;
  }

  void serve(const Delivered& message) {
    if (const auto call = schema::parse_api_subject(message.subject)) {
      if (has_own_inbox(message, call->caller)) serve_call(message, *call);
    } else if (const auto node = schema::parse_heartbeat_subject(message.subject)) {
      const Identity agent{schema::Role::kAgent, schema::node_token(*node)};
      if (has_own_inbox(message, agent)) serve_heartbeat(message, *node);
    } else if (message.subject != schema::kApiserverAlive) {
      ++result_.refused.subject;
    }
  }

  bool has_own_inbox(const Delivered& message, const Identity& sender) {
    if (may_answer(context_, message, sender)) return true;
    ++result_.refused.reply;
    return false;
  }

  void serve_call(const Delivered& message, const schema::ApiCall& call) {
    const std::string name = call.kind + "." + call.verb;
    const Operation* operation = find_operation(name);
    if (operation == nullptr) {
      ++result_.refused.subject;
      return answer(message, invalid("there is no operation " + schema::printable(name)));
    }
    if (!may_call(*operation, call.caller.role)) {
      ++result_.refused.forbidden;
      return answer(message, forbidden("the role " + std::string(to_string(call.caller.role)) +
                                       " may not call " + name));
    }
    if (operation->handle == nullptr) {
      result_.passed_on.push_back({name, message.body, *message.reply});
      return;
    }
    context_.actor = actor_of(call.caller);
    answer(message,
           attempt([&] { return operation->handle(context_, call.caller, name, message.body); }));
    context_.actor = kOwnActor;
  }

  void serve_heartbeat(const Delivered& message, const std::string& node) {
    const Result<schema::Heartbeat> beat = schema::unpack_message<schema::Heartbeat>(message.body);
    if (!beat) return answer(message, beat.error());
    const Result<schema::HeartbeatReply> reply =
        attempt([&] { return heartbeat(context_, node, *beat); });
    answer(message, reply ? Result<Payload>(schema::pack_message(*reply)) : reply.error());
  }

  void answer(const Delivered& message, const Result<Payload>& reply) {
    if (!reply && reply.error().code == Code::kInvalid) ++result_.refused.body;
    result_.effects.push_back(
        runtime::Respond{*message.reply, reply ? *reply : schema::pack_error(reply.error())});
  }

  // Nodes whose loss cannot be written now are judged again at the next tick.
  void judge() {
    bool lost = false;
    for (const std::string& node : context_.watch.silent(context_.now.mono)) {
      lost = attempt([&] { return lose_node(context_, node); }).ok() || lost;
    }
    if (lost) (void)attempt([&] { return note_losses(context_); });
  }

  // A scheduler that is frozen may have had what others can have now. Nothing was written, so there
  // is no revision that would be news.
  void remind() {
    const Result<bool> pending = context_.store.any_in_phase(schema::Phase::kPending);
    if (!pending || !*pending) return;
    result_.effects.push_back(
        runtime::Publish{schema::kSchedAll, schema::pack_message(schema::Wake{})});
  }

  Context& context_;
  std::optional<Error> refusal_;
  BatchResult result_;
};

// Not even reading works: everybody who may be answered is told so.
BatchResult answer_all(const Context& context, std::span<const runtime::Event> batch,
                       const Error& error) {
  BatchResult result;
  for (const runtime::Event& event : batch) {
    const auto* message = std::get_if<Delivered>(&event);
    if (message == nullptr) continue;
    const auto call = schema::parse_api_subject(message->subject);
    if (!call || !may_answer(context, *message, call->caller)) continue;
    result.effects.push_back(runtime::Respond{*message->reply, schema::pack_error(error)});
  }
  return result;
}

}  // namespace

Result<BatchResult> run_batch(Context& context, std::span<const runtime::Event> batch,
                              const Duties& duties) {
  Result<BatchResult> first = Try(context, std::nullopt).run(batch, duties);
  if (first) return first;
  if (context.store.trouble() != Trouble::kRefused) return first;
  Result<BatchResult> second = Try(context, first.error()).run(batch, duties);
  if (second) return second;
  if (context.store.trouble() != Trouble::kRefused) return second;
  return answer_all(context, batch, second.error());
}

}  // namespace cara::apiserver
