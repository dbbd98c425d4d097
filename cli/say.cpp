#include "cli/say.h"

#include "cli/error_report.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

// Longer than any sentence of ours; the rest of a container's log is not for this place.
constexpr std::size_t kMaxSentence = 4096;

}  // namespace

void say_error(Context& context, std::string_view sentence) {
  if (context.report != nullptr) {
    // Whoever says no code is either refused or, behind complaints, has a wrong manifest.
    const bool wrong = !context.report->complaints.empty();
    context.report->errors.push_back(
        {wrong ? Code::kInvalid : Code::kConflict, std::string(sentence), {}});
    return;
  }
  context.err << "error: " << schema::printable_lines(sentence, kMaxSentence) << "\n";
}

Exit say_error(Context& context, const Error& error) {
  const bool bare = error.code == Code::kForbidden && !error.message.starts_with("not permitted");
  const std::string sentence = (bare ? "not permitted: " : "") + error.message;
  if (context.report != nullptr) {
    context.report->errors.push_back({error.code, sentence, error.fields});
  } else {
    say_error(context, sentence);
  }
  return exit_of(error);
}

Exit say_broken(Context& context, Error error) {
  if (error.code == Code::kUnavailable) error.code = Code::kGone;
  return say_error(context, error);
}

void say_complaint(Context& context, const std::string& line) {
  if (context.report != nullptr) {
    context.report->complaints.push_back(line);
  } else {
    context.err << line << "\n";
  }
}

Exit say_usage(Context& context, std::string_view verb, std::string_view sentence) {
  if (context.report != nullptr) return say_error(context, invalid(std::string(sentence)));
  say_error(context, sentence);
  const std::string topic = verb.empty() ? "" : " " + std::string(verb);
  context.err << "See `caractrl" << topic << " --help`.\n";
  return kBadInput;
}

Exit exit_of(const Error& error) {
  switch (error.code) {
    case Code::kInvalid:
      return kBadInput;
    case Code::kUnavailable:
      return kNoConnection;
    case Code::kTimeout:
      return kTimedOut;
    case Code::kForbidden:
      return kNotPermitted;
    case Code::kNotFound:
    case Code::kConflict:
    case Code::kGone:
    case Code::kInternal:
      return kRefused;
  }
  CARA_CHECK(false);
}

}  // namespace cara::cli
