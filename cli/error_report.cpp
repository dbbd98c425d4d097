#include "cli/error_report.h"

#include <algorithm>
#include <charconv>
#include <ostream>

#include "cli/render.h"
#include "schema/codec.h"

namespace cara::cli {
namespace {

// `web.yaml:3: spec.services[0].imgae: is not known` in its parts; what has none is the message.
Value field_of(const std::string& complaint) {
  std::size_t colon = complaint.find(": ");
  if (colon == std::string::npos) return Map{{"path", Value("")}, {"message", Value(complaint)}};
  const std::string where = complaint.substr(0, colon);
  std::string what = complaint.substr(colon + 2);
  const std::size_t last = where.rfind(':');
  std::int64_t line = 0;
  if (last != std::string::npos) {
    std::from_chars(where.data() + last + 1, where.data() + where.size(), line);
  }
  std::string path;
  colon = what.find(": ");
  if (colon != std::string::npos && what.find_first_of(" `") > colon) {
    path = what.substr(0, colon);
    what.erase(0, colon + 2);
  }
  Map field{{"path", Value(path)}, {"message", Value(what)}};
  field.push_back({"file", Value(line > 0 ? where.substr(0, last) : where)});
  if (line > 0) field.push_back({"line", Value(line)});
  return field;
}

Value body_of(const ErrorReport& report, Exit exit) {
  const Error first =
      report.errors.empty() ? invalid(report.complaints.front()) : report.errors.front();
  Array fields;
  for (const std::string& complaint : report.complaints) fields.push_back(field_of(complaint));
  // The same ones, with their lines, are above.
  for (const FieldError& field :
       report.complaints.empty() ? first.fields : decltype(first.fields){}) {
    fields.push_back(Map{{"path", Value(field.path)}, {"message", Value(field.message)}});
  }
  Map body{{"code", Value(schema::wire_name(first.code))}, {"message", Value(first.message)}};
  if (!fields.empty()) body.push_back({"fields", Value(std::move(fields))});
  body.push_back({"exitCode", Value(static_cast<std::int64_t>(exit))});
  Array others;
  for (std::size_t i = 1; i < report.errors.size(); ++i) {
    others.push_back(Map{{"code", Value(schema::wire_name(report.errors[i].code))},
                         {"message", Value(report.errors[i].message)}});
  }
  if (!others.empty()) body.push_back({"others", Value(std::move(others))});
  return Map{{"error", Value(std::move(body))}};
}

}  // namespace

Exit with_json_errors(Context& context, const std::function<Exit()>& work) {
  ErrorReport report;
  context.report = &report;
  const Exit exit = work();
  context.report = nullptr;
  if (!report.errors.empty() || !report.complaints.empty()) {
    context.err << to_json_line(body_of(report, exit)) << "\n";
  }
  return exit;
}

bool asks_for_json(const std::vector<std::string>& words) {
  const auto end = std::find(words.begin(), words.end(), "--");
  for (auto word = words.begin(); word != end; ++word) {
    if (*word == "--output=json" || *word == "-ojson" || *word == "-o=json") return true;
    const bool flag = *word == "--output" || *word == "-o";
    if (flag && word + 1 != end && *(word + 1) == "json") return true;
  }
  return false;
}

}  // namespace cara::cli
