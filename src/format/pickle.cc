#include "format/pickle.h"

#include <bit>
#include <span>

#include "format/checkpoint/little_endian.h"
#include "format/pickle_names.h"
#include "format/pickle_opcodes.h"

namespace mantissa::format {
namespace {

using Op = PickleOpcode;

Error damaged(std::string what) { return bad_input(std::move(what), "Download or save the file again"); }

std::size_t references_in(const PickleValue& value) {
  if (const auto* list = std::get_if<PickleList>(&value)) return list->items.size();
  if (const auto* tuple = std::get_if<PickleTuple>(&value)) return tuple->items.size();
  if (const auto* dict = std::get_if<PickleDict>(&value)) return 2 * dict->items.size();
  if (const auto* tensor = std::get_if<PickleTensor>(&value)) return 4 * tensor->shape.size();
  return 0;
}

// The stack machine. A function for each group of instructions; each checks what it takes from the stack.
class Machine {
 public:
  Machine(base::Bytes bytes, const PickleLimits& limits) : limits_(limits) { pickle_.bytes = std::move(bytes); }

  Result<Pickle> run() {
    for (std::size_t count = 0; !stopped_; ++count) {
      if (count > limits_.instructions) return damaged("the pickle has more instructions than any checkpoint needs");
      MANTISSA_ASSIGN(const auto code, take<std::uint8_t>());
      if (count == 0 && static_cast<Op>(code) != Op::proto) return damaged("it is not a pickle of protocol 2 or newer");
      MANTISSA_TRY(step(static_cast<Op>(code)));
    }
    pickle_.size = at_;
    return std::move(pickle_);
  }

 private:
  Result<void> step(Op op) {
    switch (op) {
      case Op::proto:
        return protocol();
      case Op::frame:
        return take<std::uint64_t>().ok() ? Result<void>() : ends_early();  // a hint for buffered reading
      case Op::stop:
        return stop();
      case Op::mark:
        return mark();
      case Op::pop:
        return pop_one();
      case Op::pop_mark:
        return to_mark().ok() ? Result<void>() : no_mark();
      case Op::dup:
        return stack_.size() > floor() ? push(stack_.back()) : too_short();
      case Op::none:
        return make(PickleNone{});
      case Op::newtrue:
        return make(true);
      case Op::newfalse:
        return make(false);
      case Op::binint:
        return integer<std::uint32_t, std::int32_t>();
      case Op::binint1:
        return integer<std::uint8_t, std::uint8_t>();
      case Op::binint2:
        return integer<std::uint16_t, std::uint16_t>();
      case Op::long1:
        return big_integer<std::uint8_t>();
      case Op::long4:
        return big_integer<std::uint32_t>();
      case Op::binfloat:
        return real();
      case Op::short_binstring:
      case Op::short_binunicode:
        return string<std::uint8_t>();
      case Op::binstring:
      case Op::binunicode:
        return string<std::uint32_t>();
      case Op::binunicode8:
        return string<std::uint64_t>();
      case Op::short_binbytes:
        return skip<std::uint8_t>();
      case Op::binbytes:
        return skip<std::uint32_t>();
      case Op::binbytes8:
      case Op::bytearray8:
        return skip<std::uint64_t>();
      case Op::empty_tuple:
        return make(PickleTuple{});
      case Op::tuple:
        return tuple_to_mark();
      case Op::tuple1:
        return tuple_of(1);
      case Op::tuple2:
        return tuple_of(2);
      case Op::tuple3:
        return tuple_of(3);
      case Op::empty_list:
        return make(PickleList{});
      case Op::append:
        return append_one();
      case Op::appends:
        return to_mark_then(&Machine::append);
      case Op::empty_dict:
        return make(PickleDict{});
      case Op::setitem:
        return set_item();
      case Op::setitems:
        return to_mark_then(&Machine::set_items);
      case Op::empty_set:
        return make(PickleOpaque{});
      case Op::additems:
        return to_mark_then(&Machine::add_items);
      case Op::frozenset:
        return to_mark().ok() ? make(PickleOpaque{}) : no_mark();
      case Op::binput:
        return put<std::uint8_t>();
      case Op::long_binput:
        return put<std::uint32_t>();
      case Op::memoize:
        return memoize(memo_.size());
      case Op::binget:
        return get<std::uint8_t>();
      case Op::long_binget:
        return get<std::uint32_t>();
      case Op::global:
        return global();
      case Op::stack_global:
        return stack_global();
      case Op::reduce:
      case Op::newobj:
        return call();
      case Op::build:
        return build();
      case Op::binpersid:
        return persistent_id();
    }
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto code = static_cast<std::uint8_t>(op);
    return damaged(std::string("the pickle has an instruction that torch.save never writes (0x") + kDigits[code >> 4] +
                   kDigits[code & 15] + ")");
  }

  // --- the program ---
  static Error ends_early() { return damaged("the file ends in the middle of its pickle"); }
  static Error too_short() { return damaged("the pickle takes more from its stack than lies there"); }
  static Error no_mark() { return damaged("the pickle refers to a mark that it did not set"); }
  static Error wrong_type() { return damaged("the pickle adds to something that is no list or dictionary"); }

  template <class T>
  Result<T> take() {
    const auto value = load_little_endian<T>(pickle_.bytes.span(), at_);
    if (!value) return ends_early();
    at_ += sizeof(T);
    return *value;
  }
  Result<std::string_view> take_text(std::uint64_t size) {
    if (size > pickle_.bytes.size() - at_) return ends_early();
    const std::string_view text = as_text(pickle_.bytes.span().subspan(at_, size));
    at_ += size;
    return text;
  }
  Result<std::string_view> take_line() {
    constexpr std::size_t kLongestName = 1000;
    const std::string_view rest = as_text(pickle_.bytes.span().subspan(at_)).substr(0, kLongestName);
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return damaged("the pickle has a name that does not end");
    at_ += end + 1;
    return rest.substr(0, end);
  }

  // --- the stack ---
  // Nothing below the last mark can be taken.
  [[nodiscard]] std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  Result<void> charge(std::size_t references) {
    if (references > limits_.references - references_)
      return damaged("the pickle holds more objects than any checkpoint needs");
    references_ += references;
    return {};
  }
  Result<void> push(PickleId id) {
    if (stack_.size() >= limits_.references) return damaged("the pickle fills its stack beyond any need");
    stack_.push_back(id);
    return {};
  }
  Result<void> make(PickleValue value) {
    if (pickle_.values.size() >= limits_.objects)
      return damaged("the pickle holds more objects than any checkpoint needs");
    MANTISSA_TRY(charge(references_in(value)));
    pickle_.values.push_back(std::move(value));
    return push(static_cast<PickleId>(pickle_.values.size() - 1));
  }
  Result<PickleId> pop() {
    if (stack_.size() <= floor()) return too_short();
    const PickleId id = stack_.back();
    stack_.pop_back();
    return id;
  }
  Result<std::vector<PickleId>> to_mark() {
    if (marks_.empty()) return no_mark();
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<PickleId> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }
  Result<void> to_mark_then(Result<void> (Machine::*use)(std::vector<PickleId>)) {
    MANTISSA_ASSIGN(std::vector<PickleId> items, to_mark());
    return (this->*use)(std::move(items));
  }
  // The value on top, to be changed in place; nullptr when it is of another type.
  template <class T>
  T* top() {
    return stack_.size() > floor() ? std::get_if<T>(&pickle_.values[static_cast<std::size_t>(stack_.back())]) : nullptr;
  }

  // --- instructions ---
  Result<void> protocol() {
    MANTISSA_ASSIGN(const auto version, take<std::uint8_t>());
    if (version < 2 || version > 5)
      return damaged("the pickle has protocol " + std::to_string(version) + ", which does not exist for weights");
    return {};
  }
  Result<void> stop() {
    MANTISSA_ASSIGN(pickle_.root, pop());
    if (!stack_.empty() || !marks_.empty()) return damaged("the pickle ends with objects that it did not use");
    stopped_ = true;
    return {};
  }
  Result<void> mark() {
    if (marks_.size() >= limits_.references) return damaged("the pickle fills its stack beyond any need");
    marks_.push_back(stack_.size());
    return {};
  }
  Result<void> pop_one() {
    if (!marks_.empty() && stack_.size() == marks_.back()) return marks_.pop_back(), Result<void>();
    return pop().ok() ? Result<void>() : too_short();
  }
  template <class Unsigned, class As>
  Result<void> integer() {
    MANTISSA_ASSIGN(const Unsigned value, take<Unsigned>());
    return make(static_cast<std::int64_t>(static_cast<As>(value)));
  }
  template <class Size>
  Result<void> big_integer() {
    MANTISSA_ASSIGN(const Size size, take<Size>());
    MANTISSA_ASSIGN(const std::string_view bytes, take_text(size));
    if (size > 8) return make(PickleBigInteger{bytes});
    const bool negative = !bytes.empty() && (static_cast<unsigned char>(bytes.back()) & 0x80) != 0;
    std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = (value << 8) | static_cast<unsigned char>(bytes[i]);
    return make(static_cast<std::int64_t>(value));
  }
  Result<void> real() {  // big-endian
    std::uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) {
      MANTISSA_ASSIGN(const auto byte, take<std::uint8_t>());
      bits = (bits << 8) | byte;
    }
    return make(std::bit_cast<double>(bits));
  }
  template <class Size>
  Result<void> string() {
    MANTISSA_ASSIGN(const Size size, take<Size>());
    MANTISSA_ASSIGN(const std::string_view text, take_text(size));
    return make(text);
  }
  template <class Size>
  Result<void> skip() {
    MANTISSA_ASSIGN(const Size size, take<Size>());
    MANTISSA_TRY(take_text(size));
    return make(PickleOpaque{});
  }
  Result<void> tuple_to_mark() {
    MANTISSA_ASSIGN(std::vector<PickleId> items, to_mark());
    return make(PickleTuple{std::move(items)});
  }
  Result<void> tuple_of(std::size_t size) {
    if (stack_.size() - floor() < size) return too_short();
    std::vector<PickleId> items(stack_.end() - static_cast<std::ptrdiff_t>(size), stack_.end());
    stack_.resize(stack_.size() - size);
    return make(PickleTuple{std::move(items)});
  }
  Result<void> append_one() {
    MANTISSA_ASSIGN(const PickleId item, pop());
    return append({item});
  }
  Result<void> append(std::vector<PickleId> items) {
    auto* list = top<PickleList>();
    if (list == nullptr) return wrong_type();
    MANTISSA_TRY(charge(items.size()));
    list->items.insert(list->items.end(), items.begin(), items.end());
    return {};
  }
  Result<void> set_item() {
    MANTISSA_ASSIGN(const PickleId value, pop());
    MANTISSA_ASSIGN(const PickleId key, pop());
    return set_items({key, value});
  }
  Result<void> set_items(std::vector<PickleId> items) {
    if (top<PickleOpaque>() != nullptr) return {};
    auto* dict = top<PickleDict>();
    if (dict == nullptr || items.size() % 2 != 0) return wrong_type();
    MANTISSA_TRY(charge(items.size()));
    for (std::size_t i = 0; i < items.size(); i += 2) dict->items.emplace_back(items[i], items[i + 1]);
    return {};
  }
  Result<void> add_items(std::vector<PickleId> /*items*/) {
    return top<PickleOpaque>() != nullptr ? Result<void>() : wrong_type();
  }

  // --- memory ---
  Result<void> memoize(std::size_t index) {
    if (stack_.size() <= floor()) return too_short();
    // torch.save numbers from 0 without gaps; a file may skip, but not make us hold a table of billions.
    if (index >= limits_.objects) return damaged("the pickle remembers more objects than any checkpoint needs");
    if (index >= memo_.size()) memo_.resize(index + 1, kNothing);
    memo_[index] = stack_.back();
    return {};
  }
  template <class Index>
  Result<void> put() {
    MANTISSA_ASSIGN(const Index index, take<Index>());
    return memoize(index);
  }
  template <class Index>
  Result<void> get() {
    MANTISSA_ASSIGN(const Index index, take<Index>());
    if (index >= memo_.size() || memo_[index] == kNothing)
      return damaged("the pickle recalls an object that it did not remember");
    return push(memo_[index]);
  }

  // --- names and calls ---
  Result<void> name(std::string_view module, std::string_view name) {
    MANTISSA_ASSIGN(const PickleName* found, pickle_name(module, name));
    return make(PickleCallable{found});
  }
  Result<void> global() {
    MANTISSA_ASSIGN(const std::string_view module, take_line());
    MANTISSA_ASSIGN(const std::string_view of_module, take_line());
    return name(module, of_module);
  }
  Result<void> stack_global() {
    MANTISSA_ASSIGN(const PickleId of_module, pop());
    MANTISSA_ASSIGN(const PickleId module, pop());
    const auto* first = pickle_.get<std::string_view>(module);
    const auto* second = pickle_.get<std::string_view>(of_module);
    if (first == nullptr || second == nullptr)
      return damaged("the pickle names a callable with something that is no text");
    return name(*first, *second);
  }
  Result<void> call() {
    MANTISSA_ASSIGN(const PickleId arguments, pop());
    MANTISSA_ASSIGN(const PickleId callable, pop());
    const auto* tuple = pickle_.get<PickleTuple>(arguments);
    const auto* callee = pickle_.get<PickleCallable>(callable);
    if (tuple == nullptr || callee == nullptr || callee->name->call == nullptr)
      return damaged("the pickle calls something that cannot be called");
    MANTISSA_ASSIGN(PickleValue value, callee->name->call(pickle_, *tuple));
    return make(std::move(value));
  }
  // Attributes of an OrderedDict ("_metadata": module versions) and the like: nothing that weights need.
  Result<void> build() {
    MANTISSA_TRY(pop());
    if (top<PickleDict>() != nullptr || top<PickleOpaque>() != nullptr) return {};
    return damaged("the pickle changes an object that weights do not have");
  }
  Result<void> persistent_id() {
    MANTISSA_ASSIGN(const PickleId id, pop());
    MANTISSA_ASSIGN(PickleValue storage, pickle_storage(pickle_, id));
    return make(std::move(storage));
  }

  static constexpr PickleId kNothing{0xFFFFFFFF};
  PickleLimits limits_;
  Pickle pickle_;
  std::size_t at_ = 0;
  std::vector<PickleId> stack_;
  std::vector<std::size_t> marks_;
  std::vector<PickleId> memo_;
  std::size_t references_ = 0;
  bool stopped_ = false;
};

}  // namespace

Result<Pickle> unpickle(base::Bytes bytes, const PickleLimits& limits) {
  return Machine(std::move(bytes), limits).run();
}

}  // namespace mantissa::format
