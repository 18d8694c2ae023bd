// A shared, immutable run of bytes: a mapped file, a part of one, or a buffer. Copying it copies no data.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace mantissa::base {

struct MappedFile;  // mapped_file.h

class Bytes {
 public:
  Bytes() = default;
  // `view` must stay valid for as long as `owner` lives, and so must `file`, where it lies in one.
  Bytes(std::shared_ptr<const void> owner, std::span<const std::byte> view, const MappedFile* file = nullptr)
      : owner_(std::move(owner)), view_(view), file_(file) {}

  // Takes a vector of any trivially copyable type.
  template <class T>
  static Bytes take(std::vector<T> values) {
    auto owner = std::make_shared<const std::vector<T>>(std::move(values));
    auto view = std::as_bytes(std::span<const T>(*owner));
    return {std::move(owner), view};
  }

  // The bytes [offset, offset + size); the caller has checked that they exist.
  [[nodiscard]] Bytes part(std::size_t offset, std::size_t size) const {
    return {owner_, view_.subspan(offset, size), file_};
  }
  // The mapped file that they lie in, and can be read from besides (mapped_file.h); null: in a buffer.
  [[nodiscard]] const MappedFile* file() const { return file_; }

  [[nodiscard]] const std::byte* data() const { return view_.data(); }
  [[nodiscard]] std::size_t size() const { return view_.size(); }
  [[nodiscard]] bool empty() const { return view_.empty(); }
  [[nodiscard]] std::span<const std::byte> span() const { return view_; }

 private:
  std::shared_ptr<const void> owner_;
  std::span<const std::byte> view_;
  const MappedFile* file_ = nullptr;
};

// Rows of equal size, at a distance of `stride`; of a contiguous run one row.
struct Rows {
  Bytes bytes;  // from the beginning of the first to the end of the last
  std::size_t row = 0;
  std::size_t stride = 0;

  static Rows of(Bytes run) {
    const std::size_t size = run.size();
    return {std::move(run), size, size};
  }
  [[nodiscard]] bool contiguous() const { return row == bytes.size(); }
  [[nodiscard]] std::size_t count() const { return contiguous() ? 1 : (bytes.size() - row) / stride + 1; }
  [[nodiscard]] std::size_t size() const { return count() * row; }  // without what lies between
};

}  // namespace mantissa::base
