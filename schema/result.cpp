#include "schema/result.h"

namespace cara {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::kInvalid:
      return "Invalid";
    case Code::kNotFound:
      return "NotFound";
    case Code::kConflict:
      return "Conflict";
    case Code::kForbidden:
      return "Forbidden";
    case Code::kUnavailable:
      return "Unavailable";
    case Code::kTimeout:
      return "Timeout";
    case Code::kGone:
      return "Gone";
    case Code::kInternal:
      return "Internal";
  }
  CARA_CHECK(false);
}

}  // namespace cara
