#include "services/runtime/host/logging.h"
#include "tests/catch_compat.h"

using namespace cara::host;

TEST_CASE("control characters never reach a terminal or a log file raw [E51]") {
  CHECK(printable("a\tb") == "a\tb");
  CHECK(printable("line\nnext\r\x1b[31m\x7f") == "line\\nnext\\x0d\\x1b[31m\\x7f");
  CHECK(printable("caf\xc3\xa9") == "caf\xc3\xa9");
}

TEST_CASE("a JSON log line is JSON whatever the message holds") {
  CHECK(json_escaped("say \"hi\" \\ \n\x01") == "say \\\"hi\\\" \\\\ \\n\\u0001");
  CHECK(json_escaped("bad \xff byte") == "bad \xef\xbf\xbd byte");
}
