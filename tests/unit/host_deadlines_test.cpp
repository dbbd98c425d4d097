#include "services/runtime/host/deadlines.h"
#include "services/runtime/host/nats_connection.h"
#include "tests/catch_compat.h"

using cara::host::Deadlines;
using cara::runtime::MonoTime;

TEST_CASE("deadlines are popped in order of time, each once") {
  Deadlines<int> deadlines;
  deadlines.set(1, MonoTime{30});
  deadlines.set(2, MonoTime{10});
  deadlines.set(3, MonoTime{10});
  CHECK(deadlines.next() == MonoTime{10});
  CHECK_FALSE(deadlines.pop(MonoTime{9}).has_value());
  CHECK(deadlines.pop(MonoTime{10}) == 2);
  CHECK(deadlines.pop(MonoTime{10}) == 3);
  CHECK_FALSE(deadlines.pop(MonoTime{10}).has_value());
  CHECK(deadlines.pop(MonoTime{99}) == 1);
  CHECK_FALSE(deadlines.next().has_value());
}

TEST_CASE("setting a deadline again moves it, clearing it forgets it") {
  Deadlines<int> deadlines;
  deadlines.set(1, MonoTime{30});
  deadlines.set(1, MonoTime{50});
  CHECK_FALSE(deadlines.pop(MonoTime{40}).has_value());
  deadlines.clear(1);
  deadlines.clear(2);
  CHECK_FALSE(deadlines.pop(MonoTime{60}).has_value());
}

TEST_CASE("a password in a URL is never printed") {
  using cara::host::printable_url;
  CHECK(printable_url("nats://u:p@h:4222") == "nats://h:4222");
  CHECK(printable_url("nats://u:p@a@h") == "nats://h");
  CHECK(printable_url("h:1,nats://t@i") == "h:1,nats://i");
  CHECK(printable_url("") == "");
}

TEST_CASE("only literal subjects may be published to [E6]") {
  using cara::host::is_literal_subject;
  CHECK(is_literal_subject("cara.v1.x"));
  for (const char* subject :
       {"", ".", "a.", ".a", "a..b", "a.*", "a.>", "a b", "a\r\nb", "a\x7f"}) {
    INFO(subject);
    CHECK_FALSE(is_literal_subject(subject));
  }
}
