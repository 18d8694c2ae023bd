// The memory of the unpickler: its objects, its stack with marks, and what it was told to remember;
// all of them bounded.
#pragma once

#include <cstddef>
#include <vector>

#include "format/pickle.h"

namespace mantissa::format {

class PickleStack {
 public:
  PickleStack(base::Bytes bytes, const PickleLimits& limits) : limits_(limits) { pickle_.bytes = std::move(bytes); }

  [[nodiscard]] const Pickle& pickle() const { return pickle_; }
  // Takes the object on top as the root. Errors: there is more than that one.
  [[nodiscard]] Result<Pickle> finish(std::size_t size) &&;

  // Makes an object and pushes it.
  [[nodiscard]] Result<void> make(PickleValue value);
  [[nodiscard]] Result<void> duplicate();
  [[nodiscard]] Result<PickleId> pop();
  // POP may also take a mark away.
  [[nodiscard]] Result<void> drop();
  // The last `count` objects, in the order in which they were pushed.
  [[nodiscard]] Result<std::vector<PickleId>> pop(std::size_t count);
  [[nodiscard]] Result<void> mark();
  // The objects since the last mark, which goes with them.
  [[nodiscard]] Result<std::vector<PickleId>> pop_to_mark();

  // The object on top, to be changed in place; nullptr when it is of another type or there is none.
  template <class T>
  [[nodiscard]] T* top() {
    return stack_.size() > floor() ? std::get_if<T>(&pickle_.values[static_cast<std::size_t>(stack_.back())]) : nullptr;
  }
  // To be called before that many references are added to an object.
  [[nodiscard]] Result<void> charge(std::size_t references);

  // Remembers the object on top, under the next free index or one that is given.
  [[nodiscard]] Result<void> memoize() { return memoize(memo_.size()); }
  [[nodiscard]] Result<void> memoize(std::size_t index);
  [[nodiscard]] Result<void> recall(std::size_t index);

 private:
  // Nothing below the last mark can be taken.
  [[nodiscard]] std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  [[nodiscard]] Result<void> push(PickleId id);

  static constexpr PickleId kNothing{0xFFFFFFFF};
  PickleLimits limits_;
  Pickle pickle_;
  std::vector<PickleId> stack_;
  std::vector<std::size_t> marks_;
  std::vector<PickleId> memo_;
  std::size_t references_ = 0;
};

}  // namespace mantissa::format
