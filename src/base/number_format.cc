#include "base/number_format.h"

#include <array>
#include <cassert>
#include <limits>

namespace mantissa::base {
namespace {

struct Row {
  NumberFormat format;
  int bits;
  bool floating;
  std::string_view name;
};

// In the order of the enumeration, which indexes it.
constexpr std::array rows = {
    Row{NumberFormat::float32, 32, true, "float32"},
    Row{NumberFormat::float16, 16, true, "float16"},
    Row{NumberFormat::bfloat16, 16, true, "bfloat16"},
    Row{NumberFormat::float8_e4m3fn, 8, true, "float8_e4m3fn"},
    Row{NumberFormat::float8_e5m2, 8, true, "float8_e5m2"},
    Row{NumberFormat::float64, 64, true, "float64"},
    Row{NumberFormat::int4, 4, false, "int4"},
    Row{NumberFormat::uint4, 4, false, "uint4"},
    Row{NumberFormat::int8, 8, false, "int8"},
    Row{NumberFormat::uint8, 8, false, "uint8"},
    Row{NumberFormat::int16, 16, false, "int16"},
    Row{NumberFormat::uint16, 16, false, "uint16"},
    Row{NumberFormat::int32, 32, false, "int32"},
    Row{NumberFormat::uint32, 32, false, "uint32"},
    Row{NumberFormat::int64, 64, false, "int64"},
    Row{NumberFormat::uint64, 64, false, "uint64"},
    Row{NumberFormat::boolean, 8, false, "boolean"},
    Row{NumberFormat::string, 0, false, "string"},
};

constexpr bool rows_follow_the_enumeration() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].format) != i) return false;
  }
  return rows.back().format == NumberFormat::string;
}
static_assert(rows_follow_the_enumeration());

const Row& row_of(NumberFormat format) {
  const auto index = static_cast<std::size_t>(format);
  assert(index < rows.size());
  return rows[index];
}

}  // namespace

int bits_of(NumberFormat format) { return row_of(format).bits; }

std::size_t bytes_of(NumberFormat format, std::size_t count) {
  const auto bits = static_cast<std::size_t>(bits_of(format));
  if (bits == 4) return count / 2 + count % 2;
  const std::size_t bytes = bits / 8;
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  return bytes != 0 && count > most / bytes ? most : count * bytes;
}

bool is_floating(NumberFormat format) { return row_of(format).floating; }

bool needs_scale(NumberFormat format) { return !is_floating(format) || bits_of(format) == 8; }

std::string_view name_of(NumberFormat format) { return row_of(format).name; }

std::optional<NumberFormat> number_format_named(std::string_view name) {
  for (const Row& row : rows) {
    if (row.name == name) return row.format;
  }
  return std::nullopt;
}

}  // namespace mantissa::base
