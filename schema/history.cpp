#include "schema/history.h"

#include "schema/check.h"

namespace cara::schema {

std::string_view to_string(RevisionCause cause) {
  switch (cause) {
    case RevisionCause::kApply:
      return "apply";
    case RevisionCause::kRollback:
      return "rollback";
    case RevisionCause::kUndo:
      return "undo";
    case RevisionCause::kChange:
      return "change";
  }
  CARA_CHECK(false);
}

RevisionCause parse_cause(std::string_view text) {
  for (const RevisionCause cause :
       {RevisionCause::kRollback, RevisionCause::kUndo, RevisionCause::kChange}) {
    if (text == to_string(cause)) return cause;
  }
  return RevisionCause::kApply;
}

}  // namespace cara::schema
