// What apply, undo and a rollback share: a project gets another spec.
#pragma once

#include "schema/history.h"
#include "services/apiserver/context.h"

namespace cara::apiserver {

// Writes status.ingress. A host that two rules of one project share is as wrong as any other.
Result<Ok> resolve_ingress(const Context& context, schema::Project& project);
// Refused with kConflict, before anything is written, if another project holds one of its names.
Result<Ok> claim_names(Context& context, const schema::Project& project);

// Services that are in both keep the restart that was asked for last, unless `next` says one.
void keep_restarts(const schema::ProjectSpec& before, schema::ProjectSpec& next);

// Saves `next`, which differs from the stored `old`. Another spec is a new generation and a new
// revision, and ends what a rollback said. REQUIRES: resolve_ingress(next) was Ok.
Result<Ok> revise(Context& context, const schema::Project& old, schema::Project& next,
                  schema::RevisionCause cause);

}  // namespace cara::apiserver
