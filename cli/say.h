// What goes to standard error, and the exit codes that belong to it.
#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "cli/context.h"
#include "schema/result.h"

namespace cara::cli {

// `error: <sentence>`. Control characters are escaped; newlines of quoted logs stay.
void say_error(Context& context, std::string_view sentence);
// The same for an Error of ours or of the server; returns the exit code that goes with it.
Exit say_error(Context& context, const Error& error);
// How a byte stream to a node ended: that its agent is not there is no missing control plane.
Exit say_broken(Context& context, Error error);
// One of the lines `file:line: path: what` about manifests, before the sentence that sums them up.
void say_complaint(Context& context, const std::string& line);
// Bad usage, with a pointer to the help of `verb` (empty: of the program).
Exit say_usage(Context& context, std::string_view verb, std::string_view sentence);

Exit exit_of(const Error& error);

// The worse of two outcomes of one command: the first that is not kDone.
inline Exit first_failure(Exit a, Exit b) { return a == kDone ? b : a; }

}  // namespace cara::cli
