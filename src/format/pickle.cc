#include "format/pickle.h"

#include <bit>
#include <span>

#include "format/checkpoint/little_endian.h"
#include "format/pickle_names.h"
#include "format/pickle_opcodes.h"
#include "format/pickle_stack.h"

namespace mantissa::format {
namespace {

using Op = PickleOpcode;

Error damaged(std::string what) { return bad_input(std::move(what), "Download or save the file again"); }
Error wrong_type() { return damaged("the pickle adds to something that is no list or dictionary"); }

// The stack machine: reads instructions, a function for each kind of them.
class Machine {
 public:
  Machine(base::Bytes bytes, const PickleLimits& limits)
      : limit_(limits.instructions), program_(bytes), stack_(std::move(bytes), limits) {}

  Result<Pickle> run() {
    for (std::size_t count = 0;; ++count) {
      if (count > limit_) return damaged("the pickle has more instructions than any checkpoint needs");
      MANTISSA_ASSIGN(const auto code, take<std::uint8_t>());
      const auto op = static_cast<Op>(code);
      if (count == 0 && op != Op::proto) return damaged("it is not a pickle of protocol 2 or newer");
      if (op == Op::stop) return std::move(stack_).finish(at_);
      MANTISSA_TRY(step(op));
    }
  }

 private:
  // clang-format off
  Result<void> step(Op op) {
    switch (op) {
      case Op::proto: return protocol();
      case Op::frame: return ignore(take<std::uint64_t>());  // a hint for buffered reading
      case Op::stop: return {};
      case Op::mark: return stack_.mark();
      case Op::pop: return stack_.drop();
      case Op::pop_mark: return ignore(stack_.pop_to_mark());
      case Op::dup: return stack_.duplicate();
      case Op::none: return stack_.make(PickleNone{});
      case Op::newtrue: return stack_.make(true);
      case Op::newfalse: return stack_.make(false);
      case Op::binint: return integer<std::uint32_t, std::int32_t>();
      case Op::binint1: return integer<std::uint8_t, std::uint8_t>();
      case Op::binint2: return integer<std::uint16_t, std::uint16_t>();
      case Op::long1: return big_integer<std::uint8_t>();
      case Op::long4: return big_integer<std::uint32_t>();
      case Op::binfloat: return real();
      case Op::short_binstring:
      case Op::short_binunicode: return string<std::uint8_t>();
      case Op::binstring:
      case Op::binunicode: return string<std::uint32_t>();
      case Op::binunicode8: return string<std::uint64_t>();
      case Op::short_binbytes: return skip<std::uint8_t>();
      case Op::binbytes: return skip<std::uint32_t>();
      case Op::binbytes8:
      case Op::bytearray8: return skip<std::uint64_t>();
      case Op::empty_tuple: return stack_.make(PickleTuple{});
      case Op::tuple: return tuple(stack_.pop_to_mark());
      case Op::tuple1: return tuple(stack_.pop(1));
      case Op::tuple2: return tuple(stack_.pop(2));
      case Op::tuple3: return tuple(stack_.pop(3));
      case Op::empty_list: return stack_.make(PickleList{});
      case Op::append: return append(stack_.pop(1));
      case Op::appends: return append(stack_.pop_to_mark());
      case Op::empty_dict: return stack_.make(PickleDict{});
      case Op::setitem: return set_items(stack_.pop(2));
      case Op::setitems: return set_items(stack_.pop_to_mark());
      case Op::empty_set: return stack_.make(PickleOpaque{});
      case Op::additems: return add_items(stack_.pop_to_mark());
      case Op::frozenset: return frozen_set(stack_.pop_to_mark());
      case Op::binput: return put<std::uint8_t>();
      case Op::long_binput: return put<std::uint32_t>();
      case Op::memoize: return stack_.memoize();
      case Op::binget: return get<std::uint8_t>();
      case Op::long_binget: return get<std::uint32_t>();
      case Op::global: return global();
      case Op::stack_global: return stack_global();
      case Op::reduce:
      case Op::newobj: return call();
      case Op::build: return build();
      case Op::binpersid: return persistent_id();
    }
    return damaged("the pickle has an instruction that torch.save never writes (" +
                   std::to_string(static_cast<int>(op)) + ")");
  }
  // clang-format on

  using Items = Result<std::vector<PickleId>>;

  template <class T>
  static Result<void> ignore(Result<T> result) {
    return result.ok() ? Result<void>() : std::move(result).error();
  }

  // --- the program ---
  static Error ends_early() { return damaged("the file ends in the middle of its pickle"); }

  template <class T>
  Result<T> take() {
    const auto value = load_little_endian<T>(program_.span(), at_);
    if (!value) return ends_early();
    at_ += sizeof(T);
    return *value;
  }
  Result<std::string_view> take_text(std::uint64_t size) {
    if (size > program_.size() - at_) return ends_early();
    const std::string_view text = as_text(program_.span().subspan(at_, size));
    at_ += size;
    return text;
  }
  Result<std::string_view> take_line() {
    constexpr std::size_t kLongestName = 1000;
    const std::string_view rest = as_text(program_.span().subspan(at_)).substr(0, kLongestName);
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return damaged("the pickle has a name that does not end");
    at_ += end + 1;
    return rest.substr(0, end);
  }
  Result<void> protocol() {
    MANTISSA_ASSIGN(const auto version, take<std::uint8_t>());
    if (version >= 2 && version <= 5) return {};
    return damaged("the pickle has protocol " + std::to_string(version) + ", which does not exist for weights");
  }

  // --- constants ---
  template <class Unsigned, class As>
  Result<void> integer() {
    MANTISSA_ASSIGN(const Unsigned value, take<Unsigned>());
    return stack_.make(static_cast<std::int64_t>(static_cast<As>(value)));
  }
  template <class Size>
  Result<void> big_integer() {
    MANTISSA_ASSIGN(const Size size, take<Size>());
    MANTISSA_ASSIGN(const std::string_view bytes, take_text(size));
    if (size > 8) return stack_.make(PickleBigInteger{bytes});
    const bool negative = !bytes.empty() && (static_cast<unsigned char>(bytes.back()) & 0x80) != 0;
    std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = (value << 8) | static_cast<unsigned char>(bytes[i]);
    return stack_.make(static_cast<std::int64_t>(value));
  }
  Result<void> real() {  // big-endian
    MANTISSA_ASSIGN(const std::string_view bytes, take_text(8));
    std::uint64_t bits = 0;
    for (const char byte : bytes) bits = (bits << 8) | static_cast<unsigned char>(byte);
    return stack_.make(std::bit_cast<double>(bits));
  }
  template <class Size>
  Result<void> string() {
    MANTISSA_ASSIGN(const Size size, take<Size>());
    MANTISSA_ASSIGN(const std::string_view text, take_text(size));
    return stack_.make(text);
  }
  template <class Size>
  Result<void> skip() {
    MANTISSA_ASSIGN(const Size size, take<Size>());
    MANTISSA_TRY(take_text(size));
    return stack_.make(PickleOpaque{});
  }

  // --- containers ---
  Result<void> tuple(Items items) {
    if (!items.ok()) return std::move(items).error();
    return stack_.make(PickleTuple{*std::move(items)});
  }
  Result<void> append(Items items) {
    if (!items.ok()) return std::move(items).error();
    auto* list = stack_.top<PickleList>();
    if (list == nullptr) return wrong_type();
    MANTISSA_TRY(stack_.charge(items->size()));
    list->items.insert(list->items.end(), items->begin(), items->end());
    return {};
  }
  Result<void> set_items(Items items) {
    if (!items.ok()) return std::move(items).error();
    if (stack_.top<PickleOpaque>() != nullptr) return {};
    auto* dict = stack_.top<PickleDict>();
    if (dict == nullptr || items->size() % 2 != 0) return wrong_type();
    MANTISSA_TRY(stack_.charge(items->size()));
    for (std::size_t i = 0; i < items->size(); i += 2) dict->items.emplace_back((*items)[i], (*items)[i + 1]);
    return {};
  }
  Result<void> add_items(Items items) {
    if (!items.ok()) return std::move(items).error();
    return stack_.top<PickleOpaque>() != nullptr ? Result<void>() : wrong_type();
  }
  Result<void> frozen_set(Items items) {
    if (!items.ok()) return std::move(items).error();
    return stack_.make(PickleOpaque{});
  }

  // --- memory ---
  template <class Index>
  Result<void> put() {
    MANTISSA_ASSIGN(const Index index, take<Index>());
    return stack_.memoize(index);
  }
  template <class Index>
  Result<void> get() {
    MANTISSA_ASSIGN(const Index index, take<Index>());
    return stack_.recall(index);
  }

  // --- names and calls ---
  Result<void> name(std::string_view module, std::string_view name) {
    MANTISSA_ASSIGN(const PickleName* found, pickle_name(module, name));
    return stack_.make(PickleCallable{found});
  }
  Result<void> global() {
    MANTISSA_ASSIGN(const std::string_view module, take_line());
    MANTISSA_ASSIGN(const std::string_view of_module, take_line());
    return name(module, of_module);
  }
  Result<void> stack_global() {
    MANTISSA_ASSIGN(const std::vector<PickleId> names, stack_.pop(2));
    const auto* module = stack_.pickle().get<std::string_view>(names[0]);
    const auto* of_module = stack_.pickle().get<std::string_view>(names[1]);
    if (module == nullptr || of_module == nullptr) {
      return damaged("the pickle names a callable with something that is no text");
    }
    return name(*module, *of_module);
  }
  Result<void> call() {
    MANTISSA_ASSIGN(const std::vector<PickleId> operands, stack_.pop(2));
    const auto* callee = stack_.pickle().get<PickleCallable>(operands[0]);
    const auto* arguments = stack_.pickle().get<PickleTuple>(operands[1]);
    if (callee == nullptr || arguments == nullptr || callee->name->call == nullptr) {
      return damaged("the pickle calls something that cannot be called");
    }
    MANTISSA_ASSIGN(PickleValue value, callee->name->call(stack_.pickle(), *arguments));
    return stack_.make(std::move(value));
  }
  // Attributes of an OrderedDict ("_metadata": module versions) and the like: nothing that weights need.
  Result<void> build() {
    MANTISSA_TRY(stack_.pop());
    if (stack_.top<PickleDict>() != nullptr || stack_.top<PickleOpaque>() != nullptr) return {};
    return damaged("the pickle changes an object that weights do not have");
  }
  Result<void> persistent_id() {
    MANTISSA_ASSIGN(const PickleId id, stack_.pop());
    MANTISSA_ASSIGN(PickleValue storage, pickle_storage(stack_.pickle(), id));
    return stack_.make(std::move(storage));
  }

  std::size_t limit_;
  base::Bytes program_;
  std::size_t at_ = 0;
  PickleStack stack_;
};

}  // namespace

Result<Pickle> unpickle(base::Bytes bytes, const PickleLimits& limits) {
  return Machine(std::move(bytes), limits).run();
}

}  // namespace mantissa::format
