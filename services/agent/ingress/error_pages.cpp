#include "services/agent/ingress/error_pages.h"

#include "schema/check.h"

namespace cara::haproxy {
namespace {

std::string html_head(const Page& page) {
  const std::string title = std::to_string(page.status) + " " + page.title;
  return "<!doctype html><html lang=en><meta charset=utf-8>"
         "<meta name=viewport content='width=device-width'><title>" +
         title +
         "</title><style>body{font:1.1em/1.5 sans-serif;max-width:34em;margin:15vh auto;"
         "padding:0 1em}small{color:#777}</style><h1>" +
         title + "</h1><p>";
}

// The configuration reads an argument in single quotes as it is; within it, HAProxy's expressions
// read theirs in double quotes.
std::string without_single_quotes(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c != '\'') out += c;
  }
  return out;
}

std::string in_double_quotes(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string either(const std::string& json, const std::string& html) {
  return "%[var(txn.json),iif(" + in_double_quotes(json) + "," +
         in_double_quotes(without_single_quotes(html)) + ")]";
}

}  // namespace

std::string page_argument(const Page& page) {
  CARA_CHECK(page.reason.find_first_of("'\"\\<>&") == std::string::npos);
  return "'" +
         either(R"({"error":{"status":)" + std::to_string(page.status) + R"(,"reason":")",
                html_head(page)) +
         page.reason + either(R"(","requestId":")", "</p><small>request ") + "%[var(txn.id)]" +
         either("\"}}", "</small>") + "'";
}

}  // namespace cara::haproxy
