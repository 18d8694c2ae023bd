// What a function returns that can fail: a value, or one Error that a person can act on.
//
// Exceptions do not cross the library's boundary: those of third-party libraries are caught where they enter
// and become an Error.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mantissa {

// The kind of failure. The number is the exit code of the command-line program.
enum class ErrorCode {
  usage = 2,         // the request makes no sense as it was typed
  bad_input = 3,     // a file or a picture is missing, damaged or of the wrong kind, or a place cannot be written to
  gate_failed = 4,   // a variant lost more quality than the gate allows
  unsupported = 5,   // the input is sound, but this version or this machine cannot do it
  internal = 70,     // a mistake of ours
  interrupted = 130  // the user stopped it
};

// One failure: a sentence that says what is wrong, where it happened (outermost place first), and what to do.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string what;                // one sentence without a full stop: "the file ends in the middle of tensor body.3"
  std::string advice;              // what the user can do, one sentence without a full stop; may be empty
  std::vector<std::string> where;  // the chain of places, outermost first: {"checkpoint x.pth", "tensor body.3.weight"}

  // "checkpoint x.pth: tensor body.3.weight: the file ends early. Download it again." A file that the sentence quotes
  // is not named in front of it.
  [[nodiscard]] std::string message() const;
};

[[nodiscard]] inline Error bad_input(std::string what, std::string advice = {}) {
  return Error{ErrorCode::bad_input, std::move(what), std::move(advice), {}};
}
[[nodiscard]] inline Error unsupported(std::string what, std::string advice = {}) {
  return Error{ErrorCode::unsupported, std::move(what), std::move(advice), {}};
}
[[nodiscard]] inline Error usage_error(std::string what, std::string advice = {}) {
  return Error{ErrorCode::usage, std::move(what), std::move(advice), {}};
}
[[nodiscard]] inline Error internal_error(std::string what) {
  return Error{ErrorCode::internal, std::move(what), "Please report this with the command that you typed", {}};
}

// A value of type T, or an Error. Testing it is explicit; taking the value of a failed one is a mistake of ours:
// an assertion, and where those are compiled out a std::bad_variant_access.
template <class T>
class [[nodiscard]] Result {
 public:
  // Not explicit, so that functions `return value;` and `return error;`.
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return assert(ok()), std::get<0>(state_); }
  const T& value() const& { return assert(ok()), std::get<0>(state_); }
  T&& value() && { return assert(ok()), std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & { return assert(!ok()), std::get<1>(state_); }
  const Error& error() const& { return assert(!ok()), std::get<1>(state_); }
  Error&& error() && { return assert(!ok()), std::get<1>(std::move(state_)); }

  // Adds the place where it happened to a failure; leaves a success alone.
  Result&& in(std::string_view place) && {
    if (!ok()) error().where.insert(error().where.begin(), std::string(place));
    return std::move(*this);
  }

 private:
  std::variant<T, Error> state_;
};

// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  [[nodiscard]] bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  Error& error() & { return assert(error_), *error_; }
  const Error& error() const& { return assert(error_), *error_; }
  Error&& error() && { return assert(error_), std::move(*error_); }

  Result&& in(std::string_view place) && {
    if (error_) error_->where.insert(error_->where.begin(), std::string(place));
    return std::move(*this);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace mantissa

#define MANTISSA_CONCAT_(a, b) a##b
#define MANTISSA_CONCAT(a, b) MANTISSA_CONCAT_(a, b)

// MANTISSA_TRY(expression): returns the Error of a failed Result from the enclosing function, else goes on.
#define MANTISSA_TRY(...)                                                                                       \
  do {                                                                                                          \
    if (auto mantissa_result = (__VA_ARGS__); !mantissa_result.ok()) return std::move(mantissa_result).error(); \
  } while (false)

// MANTISSA_ASSIGN(auto graph, read(path)): the same, and binds the value to the declaration on the left.
#define MANTISSA_ASSIGN(declaration, ...) \
  MANTISSA_ASSIGN_IMPL(MANTISSA_CONCAT(mantissa_result_, __COUNTER__), declaration, __VA_ARGS__)
#define MANTISSA_ASSIGN_IMPL(result, declaration, ...) \
  auto result = (__VA_ARGS__);                         \
  if (!result.ok()) return std::move(result).error();  \
  declaration = *std::move(result)
