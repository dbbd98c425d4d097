#include "services/agent/ingress/config_text.h"

#include "services/agent/ingress/error_pages.h"

namespace cara::haproxy {
namespace {

// A field of the route that was found; see route_map.h.
constexpr const char* kWhose =
    "%[var(txn.route),field(5,|),url_dec], rule %[var(txn.route),field(6,|),url_dec]";
constexpr const char* kText = "%[var(txn.route),field(7,|),url_dec]";
constexpr const char* kNoHost = "the request names no host";
// Our own pages, until their content type is set.
constexpr const char* kPageMark = " hdr X-Cara-Page 1";

std::string seconds(std::chrono::seconds time) { return std::to_string(time.count()) + "s"; }

std::string retry_after() { return " hdr Retry-After " + std::to_string(kRetryAfter.count()); }

std::string answer(const Page& what) {
  return "status " + std::to_string(what.status) + " content-type text/html lf-string " +
         page_argument(what) + kPageMark + (what.status == 503 ? retry_after() : "");
}

// A rule's answer.
std::string page(const Page& what) { return "return " + answer(what); }

// HAProxy's own answer to what it finds out itself. Its expressions may have no converter whose
// arguments are looked up later (regsub): HAProxy 2.6 does not do so here, and crashes.
std::string own_page(const Page& what) { return "  http-error " + answer(what) + "\n"; }

std::string global_section(const ProcessFacts& facts) {
  std::string text = "# Written by cara-agent, which overwrites changes. " + facts.program +
                     "\nglobal\n  stats socket unix@" + kAdminSocket +
                     " mode 600 level admin expose-fd listeners\n";
  if (!facts.run_as.empty()) text += "  user " + facts.run_as + "\n  group " + facts.run_as + "\n";
  return text + "  maxconn " + std::to_string(kMaxConnections) +
         "\n"
         "  no strict-limits\n"
         // A port that somebody else has is an error, not shared with them.
         "  noreuseport\n"
         "  hard-stop-after " +
         seconds(kLeavingTimeout) +
         "\n"
         "  log stdout len 8192 format raw local0 info\n";
}

std::string defaults_section() {
  return "defaults ingress\n"
         "  mode http\n"
         "  log global\n"
         "  option dontlognull\n"
         "  option abortonclose\n"
         "  option clitcpka\n"
         "  option srvtcpka\n"
         "  timeout connect " +
         seconds(kConnectTimeout) + "\n  timeout http-request " + seconds(kHeadersTimeout) +
         "\n  timeout http-keep-alive " + seconds(kKeepAlive) + "\n  timeout client " +
         seconds(kQuietTimeout) + "\n  timeout server " + seconds(kQuietTimeout) +
         "\n  timeout tunnel " + seconds(kTunnelTimeout) + "\n  timeout client-fin " +
         seconds(kHalfClosedTimeout) + "\n  timeout server-fin " + seconds(kHalfClosedTimeout) +
         "\n"
         "  http-reuse safe\n"
         // A container that has just closed an idle connection has not seen the request.
         "  retries 1\n"
         "  retry-on conn-failure empty-response\n";
}

std::string binds(const IngressConfig& config) {
  std::string text;
  const auto bind = [&text](const Address& address) {
    text += "  bind " + to_string(address) + (address.is_ipv6 ? " v6only" : "");
  };
  for (const Address& address : config.listen) {
    bind(address);
    text += "\n";
  }
  for (const Address& address : config.tls_listen) {
    bind(address);
    text += std::string(" ssl strict-sni crt-list ") + kCertificateList +
            " alpn h2,http/1.1 ssl-min-ver TLSv1.2\n";
  }
  return text;
}

std::string answer_rules() {
  return "  http-response del-header x-cara- -m beg\n"
         "  http-after-response set-header X-Request-Id %[var(txn.id)]\n"
         "  http-after-response allow unless { res.hdr(x-cara-page) -m found }\n"
         "  http-after-response del-header x-cara-page\n"
         "  http-after-response set-header Cache-Control no-store\n"
         "  http-after-response set-header Content-Type 'text/html; charset=utf-8'\n"
         "  http-after-response set-header Content-Type application/json"
         " if { var(txn.json) -m bool }\n";
}

// What may be asked at all. HAProxy itself refuses contradicting lengths, unknown codings, most bad
// characters and two hosts; a folded line it joins, and of a length beside a coding it passes on
// the coding alone. A host that is more than a name could be taken for a path.
std::string request_checks() {
  return "  http-request set-var(txn.id) uuid()\n"
         "  http-request set-var(txn.json) bool(false)\n"
         "  http-request set-var(txn.json) bool(true)"
         " if { req.hdr(accept) -i -m sub application/json }\n"
         "  http-request " +
         page({405, "Method Not Allowed", "there are no tunnels here"}) +
         " if METH_CONNECT\n"
         "  http-request " +
         page({400, "Bad Request", "the request has characters that no request may have"}) +
         " if { req.hdrs -m reg '[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]' }\n"
         "  http-request " +
         page({400, "Bad Request", "HTTP/1.0 knows no Transfer-Encoding"}) +
         " if { req.ver 1.0 } { req.hdr(transfer-encoding) -m found }\n"
         "  http-request " +
         page({400, "Bad Request", kNoHost}) +
         " if !{ req.hdr_cnt(host) eq 1 } || { req.hdr(host) -m sub / }\n";
}

// Who asks: another node's router shows the key, and is believed. What a client says of itself is
// not, and neither are the ways to have our headers dropped or read another way behind us: by other
// names, by `Connection`, or by clear-text HTTP/2, whose requests no rule sees.
std::string trust_rules() {
  return std::string(
             "  http-request set-var(txn.hop) bool(true) if { req.hdr(x-cara-hop) -m found }\n"
             "  http-request set-var(txn.key) str(") +
         kHopEntry + "),map_str(" + kHopFile +
         ") if { var(txn.hop) -m found }\n"
         "  http-request set-var(txn.trusted) bool(true) if { var(txn.hop) -m found }"
         " { req.hdr_cnt(x-cara-hop) eq 1 } { req.hdr(x-cara-hop),secure_memcmp(txn.key) -m bool "
         "}\n"
         "  http-request set-var(txn.id) req.hdr(x-request-id) if { var(txn.trusted) -m found }"
         " { req.hdr(x-request-id) -m reg ^[0-9A-Za-z-]{1,64}$ }\n"
         "  http-request del-header ^(x-cara-.*|x-request-id)$ -m reg"
         " if { var(txn.trusted) -m found }\n"
         "  http-request del-header ^(forwarded|proxy|http2-settings"
         "|x[-_](forwarded[-_].*|real[-_]ip|request[-_]id|cara[-_].*))$ -m reg"
         " unless { var(txn.trusted) -m found }\n"
         "  http-request add-header X-Request-Id %[var(txn.id)]\n"
         "  http-request add-header X-Forwarded-For %[src] unless { var(txn.trusted) -m found }\n"
         "  http-request add-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]"
         " unless { var(txn.trusted) -m found }\n"
         "  http-request add-header X-Forwarded-Host %[req.hdr(host)]"
         " unless { var(txn.trusted) -m found }\n"
         "  http-request del-header upgrade if { req.hdr(upgrade) -i -m sub h2c }\n"
         "  http-request del-header connection unless { req.hdr(upgrade) -m found }\n"
         "  http-request set-header Connection upgrade if { req.hdr(upgrade) -m found }\n";
}

std::string route_rules() {
  return std::string(
             "  http-request set-var(txn.host) req.hdr(host),host_only,lower,rtrim(.)\n"
             "  http-request set-var(txn.path) path\n"
             "  http-request set-var(txn.route)"
             " var(txn.host),concat(,txn.path,/),map_beg(") +
         kRoutesFile +
         ")\n"
         "  use_backend containers if { var(txn.route) -m beg c| }\n"
         "  use_backend nodes if { var(txn.route) -m beg n| }\n"
         "  default_backend nowhere\n";
}

std::string frontend_section(const IngressConfig& config) {
  return "frontend http from ingress\n" + binds(config) +
         "  log-format \"%[date,utime(%Y-%m-%dT%H:%M:%SZ)] %ci %[ssl_fc,iif(https,http)]"
         " host=%[var(txn.host)] to=%[var(txn.route),field(5,|)]/%[var(txn.route),field(6,|)]"
         " at=%[var(txn.to)] %HM %HPO %ST in=%U out=%B ms=%TR/%Tw/%Tc/%Tr/%Ta end=%tsc"
         " id=%[var(txn.id)]\"\n" +
         answer_rules() + request_checks() + trust_rules() + route_rules();
}

std::string target_rules() {
  return std::string(
             "  http-request set-var(txn.to) var(txn.route),field(4,|)\n"
             "  http-request track-sc0 var(txn.to) table ") +
         kRequestTable +
         "\n"
         "  http-request disable-l7-retry unless METH_GET\n"  // HEAD is one, too
         "  http-request set-dst var(txn.route),field(2,|)\n"
         "  http-request set-dst-port var(txn.route),field(3,|)\n"
         "  server any 0.0.0.0:0\n";
}

std::string containers_section() {
  const std::string project = std::string("project ") + kWhose + ": ";
  return "backend containers from ingress\n" +
         own_page({503, "Service Unavailable", project + "nothing accepts connections there"}) +
         own_page({502, "Bad Gateway", project + "what answers there gave no valid answer"}) +
         own_page({504, "Gateway Timeout", project + "no answer in time"}) + target_rules();
}

std::string nodes_section() {
  const std::string project = std::string("project ") + kWhose + ": ";
  const std::string node = project + "node " + kText;
  const std::string key = std::string("str(") + kHopEntry + "),map_str(" + kHopFile + ")";
  return "backend nodes from ingress\n" +
         own_page({503, "Service Unavailable", node + " cannot be reached"}) +
         own_page({502, "Bad Gateway", node + " gave no valid answer"}) +
         own_page({504, "Gateway Timeout", node + " gave no answer in time"}) + "  http-request " +
         page({503, "Service Unavailable",
               project + "another node sent this request here, and the project is not here"}) +
         " if { var(txn.hop) -m found }\n"
         "  http-request set-header X-Cara-Hop -\n"
         "  http-request set-header X-Cara-Hop %[" +
         key + "] if { " + key + " -m found }\n" + target_rules();
}

// Only here a host that was written by a client is shown: as a name, or not at all.
std::string nowhere_section() {
  return "backend nowhere from ingress\n"
         "  http-request " +
         page({503, "Service Unavailable", std::string("project ") + kWhose + ": " + kText}) +
         " if { var(txn.route) -m beg x| }\n"
         "  http-request set-var(txn.named) bool(true)"
         " if { req.hdr(host) -m reg ^[0-9A-Za-z._-]+(:[0-9]*)?$ }\n"
         "  http-request unset-var(txn.host) unless { var(txn.named) -m found }\n"
         "  http-request " +
         page({400, "Bad Request", kNoHost}) +
         " unless { var(txn.named) -m found }\n"
         "  http-request " +
         page({404, "Not Found",
               "the host %[var(txn.host)] is known, and none of its paths matches"}) +
         " if { var(txn.route) -m found }\n"
         "  http-request " +
         page({404, "Not Found", "no project has the host %[var(txn.host)]"}) + "\n";
}

std::string table_section() {
  return std::string("backend ") + kRequestTable + "\n  stick-table type string len 64 size " +
         std::to_string(kMaxTargets) + " expire 1m store conn_cur\n";
}

std::string metrics_section(const IngressConfig& config) {
  std::string text = std::string("frontend metrics\n  mode http\n  timeout client ") +
                     seconds(kHeadersTimeout) + "\n  bind unix@" + kMetricsSocket + " mode 600\n";
  if (config.metrics) {
    text +=
        "  bind " + to_string(*config.metrics) + (config.metrics->is_ipv6 ? " v6only" : "") + "\n";
  }
  return text +
         "  http-request use-service prometheus-exporter if { path /metrics }\n"
         "  http-request return status 404\n";
}

}  // namespace

std::string config_text(const IngressConfig& config, const ProcessFacts& facts) {
  return global_section(facts) + table_section() + metrics_section(config) + defaults_section() +
         frontend_section(config) + containers_section() + nodes_section() + nowhere_section();
}

}  // namespace cara::haproxy
