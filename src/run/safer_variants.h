// Never a black frame: other variants of the same release, for tiles that the chosen one fails on.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "mantissa/result.h"
#include "run/provider.h"

namespace mantissa::run {

struct SaferVariant {
  std::string variant;  // "fp32"
  std::unique_ptr<Session> session;
};

// The variants of a release that hold a wider range of numbers than the one that runs, nearest first. Each is opened
// when a tile needs it for the first time, and stays open for the next tile and picture. For several threads at once: a
// session that it opened runs one tile at a time.
class SaferVariants {
 public:
  // Opens the variant that is next in safety after `than`; nullopt: none is.
  using OpenNext = std::function<Result<std::optional<SaferVariant>>(const std::string& than)>;

  SaferVariants() = default;  // none is safer
  SaferVariants(std::string chosen, OpenNext open_next)
      : chosen_(std::move(chosen)), open_next_(std::move(open_next)) {}

  // The variant that runs when nothing goes wrong.
  [[nodiscard]] const std::string& chosen() const { return chosen_; }
  // The safer variants in turn, from 0 on; nullptr behind the last. Errors: those of opening it.
  [[nodiscard]] Result<const SaferVariant*> at(std::size_t index);

 private:
  std::string chosen_;
  OpenNext open_next_;
  std::deque<SaferVariant> opened_;  // which stay where they are when others come
  std::unique_ptr<std::mutex> opening_ = std::make_unique<std::mutex>();
};

// How narrow a variant's numbers are: what a tile fails in is tried again in one of less. fp32 has 0.
[[nodiscard]] int narrowness(std::string_view variant);

}  // namespace mantissa::run
