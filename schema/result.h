// Result<T>: a value, or an Error that says what went wrong in one sentence.
//
// Codes are a closed set. A new one is added only when a caller branches on it.
// Library exceptions are turned into an Error by the adapter that called the library.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "schema/check.h"

namespace cara {

enum class Code {
  kInvalid,      // the input is wrong; the same input will be wrong again
  kNotFound,     // no such object
  kConflict,     // the object changed, or something else holds the name
  kForbidden,    // the caller may not do this
  kUnavailable,  // nobody answers there now; try again
  kTimeout,      // no answer in time: it may or may not have happened
  kGone,         // the asked-for history is no longer kept; list again
  kInternal,     // a bug, or a disk or library that failed
};

std::string_view to_string(Code code);

// One wrong field. `path` is as a user writes it: `spec.services[0].image`.
struct FieldError {
  std::string path;
  std::string message;
  bool operator==(const FieldError&) const = default;
};

struct Error {
  Code code = Code::kInternal;
  std::string message;             // one sentence, no trailing full stop, no newline
  std::vector<FieldError> fields;  // only for kInvalid
  bool operator==(const Error&) const = default;
};

struct Ok {
  bool operator==(const Ok&) const = default;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // REQUIRES: ok()
  T& value() {
    CARA_CHECK(ok());
    return std::get<0>(state_);
  }
  const T& value() const {
    CARA_CHECK(ok());
    return std::get<0>(state_);
  }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // REQUIRES: !ok()
  const Error& error() const {
    CARA_CHECK(!ok());
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Error> state_;
};

inline Error invalid(std::string message, std::vector<FieldError> fields = {}) {
  return {Code::kInvalid, std::move(message), std::move(fields)};
}
inline Error not_found(std::string message) { return {Code::kNotFound, std::move(message), {}}; }
inline Error conflict(std::string message) { return {Code::kConflict, std::move(message), {}}; }
inline Error forbidden(std::string message) { return {Code::kForbidden, std::move(message), {}}; }
inline Error unavailable(std::string message) {
  return {Code::kUnavailable, std::move(message), {}};
}
inline Error timed_out(std::string message) { return {Code::kTimeout, std::move(message), {}}; }
inline Error gone(std::string message) { return {Code::kGone, std::move(message), {}}; }
inline Error internal(std::string message) { return {Code::kInternal, std::move(message), {}}; }

}  // namespace cara
