// A shared, immutable run of bytes: a mapped file, a part of one, or a buffer. Copying it copies no data.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace mantissa::base {

class Bytes {
 public:
  Bytes() = default;
  // `view` must stay valid for as long as `owner` lives.
  Bytes(std::shared_ptr<const void> owner, std::span<const std::byte> view, bool is_mapped = false)
      : owner_(std::move(owner)), view_(view), is_mapped_(is_mapped) {}

  // Takes a vector of any trivially copyable type.
  template <class T>
  static Bytes take(std::vector<T> values) {
    auto owner = std::make_shared<const std::vector<T>>(std::move(values));
    auto view = std::as_bytes(std::span<const T>(*owner));
    return {std::move(owner), view};
  }

  // The bytes [offset, offset + size); the caller has checked that they exist.
  [[nodiscard]] Bytes part(std::size_t offset, std::size_t size) const {
    return {owner_, view_.subspan(offset, size), is_mapped_};
  }
  // Whether they lie in a mapped file, whose pages come back when they are touched (files.h: drop_pages()).
  [[nodiscard]] bool is_mapped() const { return is_mapped_; }

  [[nodiscard]] const std::byte* data() const { return view_.data(); }
  [[nodiscard]] std::size_t size() const { return view_.size(); }
  [[nodiscard]] bool empty() const { return view_.empty(); }
  [[nodiscard]] std::span<const std::byte> span() const { return view_; }

 private:
  std::shared_ptr<const void> owner_;
  std::span<const std::byte> view_;
  bool is_mapped_ = false;
};

}  // namespace mantissa::base
