// Operator: somebody who looks after the nodes while the client works. Takes them out of service
// and puts them back, taints them, moves projects off them, deletes their records by force, and
// allows moves that are held. What is refused or lost is not tried again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/messages.h"
#include "services/runtime/actor.h"
#include "services/runtime/calls.h"
#include "services/runtime/ids.h"

namespace cara::sim {

inline constexpr const char* kTaint = "dedicated";

struct OperatorOptions {
  std::string id;
  std::vector<std::string> nodes;
  std::vector<std::string> projects;
  runtime::Duration every = std::chrono::milliseconds(2'500);  // between two deeds, on average
};

class Operator : public runtime::Actor {
 public:
  Operator(OperatorOptions options, runtime::Seed seed);

  std::vector<runtime::Subscription> subscriptions() const override { return {}; }
  runtime::Effects step(std::span<const runtime::Event> batch, runtime::Instant now) override;

  // Begins nothing new; half of all operators put the nodes back into service then.
  void finish() { finishing_ = true; }
  bool is_idle() const { return finished_ && waiting_.size() == 0; }

 private:
  enum class Errand { kLook, kTidy, kOther };

  void act(runtime::Effects& out);
  void begin_deed(runtime::Effects& out);
  void tidy(runtime::Effects& out);
  void move_off(const schema::Project& project, runtime::Effects& out);
  void on_answer(Errand errand, const runtime::Answered& answer, runtime::Effects& out);
  template <class Message>
  void send(Errand errand, std::string_view operation, const Message& message,
            runtime::Effects& out);

  OperatorOptions options_;
  schema::Identity identity_;
  runtime::IdSource random_;
  runtime::RequestIds ids_;
  runtime::Waiting<Errand> waiting_;
  const bool is_tidy_;
  std::size_t tidied_ = 0;  // nodes, without an error in between
  bool finishing_ = false;
  bool finished_ = false;
};

}  // namespace cara::sim
