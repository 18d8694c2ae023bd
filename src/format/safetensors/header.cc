#include "format/safetensors/header.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "format/checkpoint/little_endian.h"

namespace mantissa::format {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMetadata = "__metadata__";
constexpr std::size_t kMostAxes = 64;

Error damaged(std::string what) { return bad_input(std::move(what), "Download or save the file again"); }

// Where the parser is.
enum class Place { outside, top, tensor, metadata, shape, offsets };

class Reader : public nlohmann::json_sax<Json> {
 public:
  Result<SafetensorsHeader> finish() {
    if (error_) return *std::move(error_);
    return std::move(header_);
  }

  bool key(std::string& name) override {
    if (place_ == Place::top) return begin_entry(name);
    if (!fields_.insert(name).second) return refuse("its field '" + printable(name) + "' is there twice");
    field_ = name;
    return true;
  }

  bool start_object(std::size_t) override {
    if (place_ == Place::outside) {
      place_ = Place::top;
      return true;
    }
    if (place_ != Place::top) return refuse("its header nests too deep");
    fields_.clear();
    place_ = is_metadata_ ? Place::metadata : Place::tensor;
    if (!is_metadata_) header_.tensors.push_back({name_, "", {}, 0, 0});
    return true;
  }

  bool end_object() override {
    if (place_ == Place::tensor) {
      for (const char* field : {"dtype", "shape", "data_offsets"})
        if (!fields_.contains(field)) return refuse(std::string("its ") + field + " is missing");
    }
    place_ = place_ == Place::top ? Place::outside : Place::top;
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::tensor || (field_ != "shape" && field_ != "data_offsets")) return unexpected("a list");
    place_ = field_ == "shape" ? Place::shape : Place::offsets;
    offsets_ = 0;
    return true;
  }

  bool end_array() override {
    if (place_ == Place::offsets && offsets_ != 2) return refuse("its data_offsets are not two numbers");
    place_ = Place::tensor;
    return true;
  }

  bool string(std::string& value) override {
    if (place_ == Place::metadata) {
      header_.metadata.emplace_back(field_, value);
      return true;
    }
    if (place_ != Place::tensor || field_ != "dtype") return unexpected("a text");
    header_.tensors.back().dtype = value;
    return true;
  }

  bool number_unsigned(std::uint64_t value) override {
    if (place_ == Place::shape) {
      std::vector<std::int64_t>& shape = header_.tensors.back().shape;
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) || shape.size() == kMostAxes)
        return refuse("its shape is impossible");
      shape.push_back(static_cast<std::int64_t>(value));
      return true;
    }
    if (place_ != Place::offsets || ++offsets_ > 2) return unexpected("a number");
    (offsets_ == 1 ? header_.tensors.back().begin : header_.tensors.back().end) = value;
    return true;
  }

  bool number_integer(std::int64_t) override { return unexpected("a negative number"); }
  bool number_float(double, const std::string&) override { return unexpected("a number that is not whole"); }
  bool binary(binary_t&) override { return unexpected("binary data"); }
  bool boolean(bool) override { return unexpected("a truth value"); }
  bool null() override { return unexpected("null"); }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    name_.clear();
    return refuse("its header is no JSON, from byte " + std::to_string(position) + " of it");
  }

 private:
  bool begin_entry(const std::string& name) {
    if (!keys_.insert(name).second) return refuse("'" + printable(name) + "' is there twice");
    is_metadata_ = name == kMetadata;
    name_ = name;
    return true;
  }
  bool unexpected(const std::string& what) { return refuse("its header has " + what + " where none belongs"); }
  bool refuse(const std::string& what) {
    Error error = damaged(what);
    if (!name_.empty()) error.where.insert(error.where.begin(), "tensor '" + printable(name_) + "'");
    if (!error_) error_ = std::move(error);
    return false;
  }

  SafetensorsHeader header_;
  std::optional<Error> error_;
  Place place_ = Place::outside;
  bool is_metadata_ = false;
  std::string name_;                          // of the tensor
  std::string field_;                         // in it, or in the metadata
  std::unordered_set<std::string> keys_;      // of tensors
  std::unordered_set<std::string> fields_{};  // seen in this object
  int offsets_ = 0;
};

}  // namespace

Result<SafetensorsHeader> parse_safetensors_header(std::string_view json) {
  Reader reader;
  const bool whole = Json::sax_parse(json.begin(), json.end(), &reader);
  Result<SafetensorsHeader> header = reader.finish();
  if (header.ok() && !whole) return internal_error("a JSON parser stopped without saying why");
  return header;
}

}  // namespace mantissa::format
