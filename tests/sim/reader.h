// Reader: somebody who may only look, and asks for one project or for all of them, again and again.
// What it is told is judged by HistoryChecks.
#pragma once

#include <string>
#include <vector>

#include "services/runtime/actor.h"
#include "services/runtime/calls.h"
#include "services/runtime/ids.h"

namespace cara::sim {

struct ReaderOptions {
  std::string id;
  std::vector<std::string> projects;
  runtime::Duration every = std::chrono::milliseconds(500);  // between two questions, on average
};

class Reader : public runtime::Actor {
 public:
  Reader(ReaderOptions options, runtime::Seed seed);

  std::vector<runtime::Subscription> subscriptions() const override { return {}; }
  runtime::Effects step(std::span<const runtime::Event> batch, runtime::Instant now) override;

 private:
  void ask(runtime::Effects& out);

  ReaderOptions options_;
  schema::Identity identity_;
  runtime::IdSource random_;
  runtime::RequestIds ids_;
};

}  // namespace cara::sim
