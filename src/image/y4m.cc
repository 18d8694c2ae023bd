#include "image/y4m.h"

#include <array>
#include <charconv>
#include <optional>

namespace mantissa::image {
namespace {

// Beyond any camera; the memory that a frame needs is checked where it is reserved.
constexpr int kLongestSide = 65536;

struct Tag {
  std::string_view name;
  Chroma chroma;
  Siting siting;
};

// Without bits; "420" alone is JPEG's, as mjpegtools has it. 4:2:2 has a siting of its own.
constexpr std::array kTags{
    Tag{"420jpeg", Chroma::quarter, Siting::centre},
    Tag{"420mpeg2", Chroma::quarter, Siting::left},
    Tag{"420paldv", Chroma::quarter, Siting::top_left},
    Tag{"420", Chroma::quarter, Siting::centre},
    Tag{"422", Chroma::half, Siting::left},
    Tag{"444", Chroma::full, Siting::centre},
    Tag{"mono", Chroma::none, Siting::centre},
};

std::optional<int> number_in(std::string_view text) {
  int number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<int> side_in(std::string_view text, std::string_view name) {
  const auto side = number_in(text);
  if (!side || *side < 1 || *side > kLongestSide)
    return bad_input("its header states the " + std::string(name) + " '" + std::string(text.substr(0, 20)) + "'",
                     "Sides are from 1 to " + std::to_string(kLongestSide) + " pixels");
  return *side;
}

// "420p10", "mono16", "444". Deep 4:2:0 does not say where its chroma lies: left, as in H.264 and HEVC.
std::optional<VideoFormat> format_named(std::string_view tag) {
  for (const Tag& known : kTags) {
    if (!tag.starts_with(known.name)) continue;
    std::string_view bits = tag.substr(known.name.size());
    VideoFormat format;
    format.chroma = known.chroma;
    format.siting = known.siting;
    if (bits.empty()) return format;
    if (known.chroma != Chroma::none && !bits.starts_with('p')) continue;
    if (known.chroma != Chroma::none) bits.remove_prefix(1);
    const auto number = number_in(bits);
    if (!number || *number < 9 || *number > 16) continue;
    format.bits = *number;
    if (known.chroma == Chroma::quarter) format.siting = Siting::left;
    return format;
  }
  return std::nullopt;
}

Result<void> take_colour(std::string_view tag, Y4mHeader& header) {
  const auto format = format_named(tag);
  if (!format)
    return unsupported(
        "its frames are of the kind '" + std::string(tag.substr(0, 20)) + "'",
        "4:2:0, 4:2:2, 4:4:4 and mono of 8 to 16 bits are read: ffmpeg makes them with -pix_fmt yuv420p");
  header.colour_tag = tag;
  header.format.bits = format->bits;
  header.format.chroma = format->chroma;
  header.format.siting = format->siting;
  return {};
}

Result<void> take_parameter(std::string_view word, Y4mHeader& header) {
  const std::string_view value = word.substr(1);
  if (word[0] == 'W') {
    MANTISSA_ASSIGN(header.format.width, side_in(value, "width"));
  } else if (word[0] == 'H') {
    MANTISSA_ASSIGN(header.format.height, side_in(value, "height"));
  } else if (word[0] == 'C') {
    return take_colour(value, header);
  } else if (word[0] == 'I' && value != "p" && value != "?") {
    return unsupported("its frames are interlaced", "Deinterlace them first: ffmpeg does with -vf bwdif");
  } else if (word == "XCOLORRANGE=FULL" || word == "XCOLORRANGE=LIMITED") {
    header.states_levels = true;
    header.format.full_levels = word.ends_with("FULL");
  } else {
    header.rest += " " + std::string(word);
  }
  return {};
}

}  // namespace

Result<Y4mHeader> parse_y4m_header(std::string_view line) {
  if (!line.starts_with(kY4mMagic))
    return bad_input("it does not begin as Y4M does", "ffmpeg makes it with -f yuv4mpegpipe");
  line.remove_prefix(kY4mMagic.size());
  Y4mHeader header;
  header.colour_tag = "420jpeg";
  while (!line.empty()) {
    const std::size_t space = line.find(' ');
    const std::string_view word = line.substr(0, space);
    line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
    if (!word.empty()) MANTISSA_TRY(take_parameter(word, header));
  }
  if (header.format.width == 0 || header.format.height == 0)
    return bad_input("its header states no width or no height");
  header.format.matrix = default_matrix(header.format.width, header.format.height);
  return header;
}

std::string text_of(const Y4mHeader& header) {
  std::string text(kY4mMagic);
  text += " W" + std::to_string(header.format.width) + " H" + std::to_string(header.format.height) + header.rest +
          " C" + header.colour_tag;
  if (header.states_levels) text += header.format.full_levels ? " XCOLORRANGE=FULL" : " XCOLORRANGE=LIMITED";
  return text + "\n";
}

}  // namespace mantissa::image
