// ExclusiveGate: may the projects with `onNodeLoss: MoveExclusive` run on this node? They must
// never run on two, and a node that is silent for too long loses them to another one. So they run
// only while the node's lease lasts, and after it has ended only when a desired set that was asked
// for under a new lease still has them.
#pragma once

#include "schema/messages.h"

namespace cara::agent {

class ExclusiveGate {
 public:
  // The lease was renewed. True: a new desired set is to be asked for now.
  bool renewed();
  // A new desired set is asked for, under the lease that there is now.
  void asked() { asked_ = true; }
  // A complete desired set has come.
  void read(bool has_lease) { open_ = open_ || (has_lease && asked_); }
  // To be called in every step, before anything is started. True: it has just closed.
  bool closes(bool has_lease);

  // True: to be kept, but stopped.
  bool holds(const schema::DesiredProject& project) const;

 private:
  bool open_ = false;
  bool asked_ = false;  // since there is this lease
};

}  // namespace cara::agent
