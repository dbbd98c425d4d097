// Pages for people, and JSON for programs, when a request cannot be served: as HAProxy's
// log-format strings, which it fills. Pure.
#pragma once

#include <string>

namespace cara::haproxy {

struct Page {
  int status = 0;
  std::string title;   // `Not Found`
  std::string reason;  // a sentence; `%[...]` only where what it gives is harmless in HTML and JSON
};

// An argument of `lf-string`: HTML, or JSON if the variable txn.json is true. Shows txn.id.
std::string page_argument(const Page& page);

}  // namespace cara::haproxy
