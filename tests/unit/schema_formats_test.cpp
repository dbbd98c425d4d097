// What texts must look like: every format with good and bad values, and quantities as numbers.
#include <regex>

#include "schema/formats.h"
#include "schema/quantity.h"
#include "tests/catch_compat.h"

using namespace cara;
using namespace cara::schema;

namespace {

struct Case {
  Format format;
  std::vector<std::string> good;
  std::vector<std::string> bad;
  const char* says;  // of the first bad one
};

const std::string kNul("a\0b", 3);

const std::vector<Case>& text_cases() {
  static const std::vector<Case> kCases{
      {Format::kDnsLabel, {"a", "a-1", "9"}, {"A", "", "-a", "a.b", "a_b"}, "use lower case"},
      {Format::kDnsName, {"a", "a.b-c.d"}, {"a..b", "", ".a", "a."}, "empty part between dots"},
      {Format::kEnvName, {"A", "a.b", "1"}, {"A=B", ""}, "must not contain `=`"},
      {Format::kAbsolutePath, {"/a", "/a/b..c"}, {"a", "", "/", "/a:b", "/a/../b"}, "absolute"},
      {Format::kAnyPath, {"/", "/a b", "/a/..b"}, {"a", "", "/a/..", "/../a", "/a:b"}, "absolute"},
      {Format::kSubPath, {"a", "a/b", "..a"}, {"/a", "", "..", "a/../b", "a:b"}, "relative"},
      {Format::kFileName, {"a.conf", ".env", "_", "..."}, {"a/b", "", ".", "..", "a b"}, "letters"},
      {Format::kFileMode, {"644", "0644", "0777"}, {"8", "", "888", "00644", "64"}, "0644"},
      {Format::kWord, {"a", "1000:1000", "a=b,c"}, {"a b", "", "a\nb"}, "one word"},
      {Format::kDuration,
       {"0", "250ms", "30s", "1h30m", "2d"},
       {"30", "", "1.5s", "-1s", "s"},
       "30s"},
      {Format::kCpu,
       {"2", "0.5", "500m", "0.001"},
       {"1.2345", "", "-1", "1k", "m", "1.5m"},
       "500m"},
      {Format::kMemory,
       {"0", "256Mi", "1G", "1.5Gi", "100k"},
       {"1g", "", "1K", "-1", "1.5.5", "Mi"},
       "Docker's m and g are Mi and Gi here"},
      {Format::kPorts,
       {"1", "80", "65535", "8000-8010"},
       {"0", "", "65536", "9-8", "1-", "a"},
       "8000-8010"},
  };
  return kCases;
}

const std::vector<Case>& node_cases() {
  static const std::vector<Case> kCases{
      {Format::kIp, {"10.0.0.7", "::1", "fd00::7"}, {"10.0.0.256", "", "a", "10.0.0"}, "10.0.0.7"},
      {Format::kIpv4, {"10.0.0.7", "0.0.0.0"}, {"::1", "", "1.2.3", "01.2.3.4"}, "10.0.0.7"},
      {Format::kSubnet,
       {"10.9.1.0/24", "10.0.0.0/8"},
       {"10.9.1.0", "", "10.0.0.0/31", "1.2.3/24"},
       "10.9.1.0/24"},
      {Format::kExtraHost,
       {"db:10.0.0.7", "a.b:host-gateway", "six:fd00::7"},
       {"db", "", "db:", ":1.2.3.4", "db:db2"},
       "NAME:ADDRESS"},
      {Format::kPlatform,
       {"linux/arm64", "linux/arm/v7"},
       {"arm64", "", "Linux/x", "a/b/c/d"},
       "linux/arm64"},
      {Format::kSignal,
       {"SIGTERM", "TERM", "15", "SIGRTMIN+3"},
       {"term", "", "0", "100"},
       "SIGTERM"},
      {Format::kCapability,
       {"NET_ADMIN", "ALL", "CAP_CHOWN"},
       {"net_admin", "", "A B"},
       "NET_ADMIN"},
      {Format::kUlimit, {"nofile", "core"}, {"files", "", "NOFILE"}, "nofile"},
      {Format::kDevice,
       {"/dev/a", "/dev/a:/dev/b", "/dev/a:r", "/dev/a:/dev/b:rwm"},
       {"dev/a", "", "/dev/a:x", "/dev/a:/dev/b:rwmr"},
       "/dev/ttyUSB0"},
      {Format::kNetworkMode,
       {"Bridge", "Host", "None", "Service:db"},
       {"host", "", "Service:"},
       "Bridge, Host, None, Service:NAME"},
      {Format::kPidMode,
       {"Host", "Service:db"},
       {"Private", "", "Service:A"},
       "Host, Service:NAME"},
      {Format::kIpcMode,
       {"Private", "Shareable", "Host", "Service:db"},
       {"private", ""},
       "Private, Shareable, Host, Service:NAME"},
      {Format::kArgument, {"", "a\nb", "\xc3\xa9"}, {kNul}, "must not contain NUL"},
      {Format::kEnvValue, {"", "a=b"}, {kNul, std::string(128 * 1024 + 1, 'x')}, "NUL"},
      {Format::kFileContent, {"", "a\nb\n"}, {kNul, std::string(128 * 1024 + 1, 'x')}, "NUL"},
      {Format::kImage, {"a", "a:1", "r.example:5000/a/b:1"}, {"A", "", "a b", "a:"}, "lower case"},
      {Format::kHost,
       {"a", "A.b", "a.b.", "M\u00fcnchen.example", "\u4f8b\u3048.example"},
       {"a..b", "", "a_b", "a.b:80", "\u00fc_b"},
       "empty part between dots"},
      {Format::kUrlPath,
       {"/", "/api", "/api/v1.2/~me"},
       {"/api/", "", "api", "//", "/a//b", "/a/../b", "/.", "/a b", "/a?b", "/a|b", "/a%20b"},
       "write `/api`"},
  };
  return kCases;
}

std::vector<Case> cases() {
  std::vector<Case> all = text_cases();
  all.insert(all.end(), node_cases().begin(), node_cases().end());
  return all;
}

}  // namespace

TEST_CASE("every format takes what is good and says what would be right [E14][E22]") {
  for (const Case& c : cases()) {
    for (const std::string& text : c.good) {
      INFO(static_cast<int>(c.format) << " good: " << text);
      CHECK_FALSE(check_format(c.format, text));
    }
    for (const std::string& text : c.bad) {
      INFO(static_cast<int>(c.format) << " bad: " << text.substr(0, 40));
      CHECK(check_format(c.format, text));
    }
    const auto says = check_format(c.format, c.bad.front());
    INFO(says.value_or(""));
    CHECK(says.value_or("").find(c.says) != std::string::npos);
    CHECK(check_format(c.format, "\xff"));
  }
  // One case each, kAny apart.
  CHECK(cases().size() == static_cast<std::size_t>(Format::kIpcMode));
}

TEST_CASE("a format's pattern, for JSON Schema, takes all that is good") {
  for (const Case& c : cases()) {
    const std::string pattern(format_pattern(c.format));
    for (const std::string& text : c.good) {
      INFO(pattern << " of " << text);
      CHECK((pattern.empty() || std::regex_search(text, std::regex(pattern))));
    }
  }
}

TEST_CASE("texts have their limits") {
  CHECK_FALSE(check_format(Format::kDnsLabel, std::string(63, 'a')));
  CHECK(check_format(Format::kDnsLabel, std::string(64, 'a')));
  CHECK(check_format(Format::kWord, std::string(513, 'a')));
  CHECK_FALSE(check_format(Format::kAbsolutePath, "/" + std::string(4094, 'a')));
  CHECK(check_format(Format::kAbsolutePath, "/" + std::string(4095, 'a')));
}

TEST_CASE("processors as Docker counts them") {
  CHECK(parse_cpu("2") == 2'000'000'000);
  CHECK(parse_cpu("0.5") == 500'000'000);
  CHECK(parse_cpu("500m") == 500'000'000);
  CHECK(parse_cpu("0.001") == 1'000'000);
  CHECK(parse_cpu("100000") == 100'000'000'000'000);
  for (const char* bad : {"", "m", "100001", "-1", "1.2345", "1.", ".5", "1e3", " 1"}) {
    INFO(bad);
    CHECK_FALSE(parse_cpu(bad));
  }
}

TEST_CASE("bytes with their units, up to an exbibyte") {
  CHECK(parse_memory("0") == 0);
  CHECK(parse_memory("1k") == 1'000);
  CHECK(parse_memory("1Ki") == 1'024);
  CHECK(parse_memory("1.5Gi") == 1'610'612'736);
  CHECK(parse_memory("0.001k") == 1);
  CHECK(parse_memory("1000000Ti") == 1'099'511'627'776'000'000);
  for (const char* bad :
       {"", "Mi", "1K", "1m", "-1", "9999999Ti", "999999999999999T", "1.0001Mi"}) {
    INFO(bad);
    CHECK_FALSE(parse_memory(bad));
  }
}

TEST_CASE("ports and ranges of them") {
  CHECK(parse_ports("80")->first == 80);
  CHECK(parse_ports("80")->count() == 1);
  CHECK(parse_ports("8000-8010")->count() == 11);
  CHECK(parse_ports("1-65535")->count() == 65535);
  for (const char* bad : {"", "0", "65536", "9-8", "-", "1-", "-1", "1-2-3", "a"}) {
    INFO(bad);
    CHECK_FALSE(parse_ports(bad));
  }
  CHECK(parse_mode("0644") == 0644);
  CHECK(parse_mode("755") == 0755);
  CHECK_FALSE(parse_mode("9"));
}
