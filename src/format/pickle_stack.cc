#include "format/pickle_stack.h"

namespace mantissa::format {
namespace {

Error damaged(std::string what) { return bad_input(std::move(what), "Download or save the file again"); }
Error too_much() { return damaged("the pickle holds more objects than any checkpoint needs"); }
Error too_short() { return damaged("the pickle takes more from its stack than lies there"); }

std::size_t references_in(const PickleValue& value) {
  if (const auto* list = std::get_if<PickleList>(&value)) return list->items.size();
  if (const auto* tuple = std::get_if<PickleTuple>(&value)) return tuple->items.size();
  if (const auto* dict = std::get_if<PickleDict>(&value)) return 2 * dict->items.size();
  if (const auto* tensor = std::get_if<PickleTensor>(&value)) return 4 * tensor->shape.size();
  return 0;
}

}  // namespace

Result<Pickle> PickleStack::finish(std::size_t size) && {
  MANTISSA_ASSIGN(pickle_.root, pop());
  if (!stack_.empty() || !marks_.empty()) return damaged("the pickle ends with objects that it did not use");
  pickle_.size = size;
  return std::move(pickle_);
}

Result<void> PickleStack::charge(std::size_t references) {
  if (references > limits_.references - references_) return too_much();
  references_ += references;
  return {};
}

Result<void> PickleStack::push(PickleId id) {
  if (stack_.size() >= limits_.references) return damaged("the pickle fills its stack beyond any need");
  stack_.push_back(id);
  return {};
}

Result<void> PickleStack::make(PickleValue value) {
  if (pickle_.values.size() >= limits_.objects) return too_much();
  MANTISSA_TRY(charge(references_in(value)));
  pickle_.values.push_back(std::move(value));
  return push(static_cast<PickleId>(pickle_.values.size() - 1));
}

Result<void> PickleStack::duplicate() { return stack_.size() > floor() ? push(stack_.back()) : too_short(); }

Result<PickleId> PickleStack::pop() {
  if (stack_.size() <= floor()) return too_short();
  const PickleId id = stack_.back();
  stack_.pop_back();
  return id;
}

Result<void> PickleStack::drop() {
  if (!marks_.empty() && stack_.size() == marks_.back()) {
    marks_.pop_back();
    return {};
  }
  MANTISSA_TRY(pop());
  return {};
}

Result<std::vector<PickleId>> PickleStack::pop(std::size_t count) {
  if (stack_.size() - floor() < count) return too_short();
  const auto first = stack_.end() - static_cast<std::ptrdiff_t>(count);
  std::vector<PickleId> items(first, stack_.end());
  stack_.erase(first, stack_.end());
  return items;
}

Result<void> PickleStack::mark() {
  if (marks_.size() >= limits_.references) return damaged("the pickle fills its stack beyond any need");
  marks_.push_back(stack_.size());
  return {};
}

Result<std::vector<PickleId>> PickleStack::pop_to_mark() {
  if (marks_.empty()) return damaged("the pickle refers to a mark that it did not set");
  MANTISSA_ASSIGN(std::vector<PickleId> items, pop(stack_.size() - marks_.back()));
  marks_.pop_back();
  return items;
}

Result<void> PickleStack::memoize(std::size_t index) {
  if (stack_.size() <= floor()) return too_short();
  // torch.save numbers from 0 without gaps; a file may skip, but not make us hold a table of billions.
  if (index >= limits_.objects) return damaged("the pickle remembers more objects than any checkpoint needs");
  if (index >= memo_.size()) memo_.resize(index + 1, kNothing);
  memo_[index] = stack_.back();
  return {};
}

Result<void> PickleStack::recall(std::size_t index) {
  if (index >= memo_.size() || memo_[index] == kNothing) {
    return damaged("the pickle recalls an object that it did not remember");
  }
  return push(memo_[index]);
}

}  // namespace mantissa::format
