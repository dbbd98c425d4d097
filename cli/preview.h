// What an apply would do, from the answer to its dry run: the fields that change, and what becomes
// of the containers. Pure, but for its colours.
#pragma once

#include <string>

#include "cli/describe_text.h"
#include "cli/style.h"
#include "schema/messages.h"

namespace cara::cli {

// `created`, `configured`, `unchanged`
std::string_view word_of(schema::ApplyOutcome outcome);

// `recreate web (start first), keep db, move nothing`
std::string actions_of(const schema::ApplyReply& reply);

// Lines with an indent; none if nothing changes.
std::string preview_text(const schema::ApplyReply& reply, Secrets secrets, const Style& style);
Value preview_value(const schema::ApplyReply& reply, Secrets secrets);

}  // namespace cara::cli
