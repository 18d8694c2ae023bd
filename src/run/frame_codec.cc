#include "run/frame_codec.h"

#include <array>
#include <cassert>
#include <cstdint>
#include <string_view>

#include "image/video.h"
#include "image/y4m.h"
#include "run/pixels.h"

namespace mantissa::run {
namespace {

constexpr std::size_t kLongestLine = 4096;  // a header of Y4M has a hundred characters

class Y4mCodec final : public FrameCodec {
 public:
  Y4mCodec(image::Y4mHeader header, bool keeps_chroma)
      : header_(std::move(header)), beside_network_(keeps_chroma || header_.format.chroma == image::Chroma::none) {}

  int width() const override { return header_.format.width; }
  int height() const override { return header_.format.height; }
  std::string header(Runner::Size output) const override {
    image::Y4mHeader made = header_;
    made.format = of_size(output);
    return text_of(made);
  }
  std::string frame_header() const override { return std::string(image::kY4mFrame) + "\n"; }
  std::size_t bytes(Runner::Size size) const override { return of_size(size).bytes(); }

  WorkFrame decode(std::span<const std::byte> bytes) const override {
    image::Frame frame = image::frame_from(bytes, header_.format);
    if (beside_network_) return {std::move(frame.luma), std::move(frame.chroma)};
    return {image::to_rgb(frame, header_.format), {}};
  }
  image::Picture beside(const image::Picture& beside, Runner::Size output) const override {
    return beside.samples.empty() ? image::Picture() : image::resample_chroma(beside, header_.format, of_size(output));
  }
  void encode(const WorkFrame& frame, Runner::Size output, std::span<std::byte> bytes) const override {
    const image::VideoFormat format = of_size(output);
    if (beside_network_) return image::store({frame.picture, frame.beside}, format, bytes);
    image::store(image::from_rgb(frame.picture, format), format, bytes);
  }

 private:
  [[nodiscard]] image::VideoFormat of_size(Runner::Size size) const {
    image::VideoFormat format = header_.format;
    format.width = size.width;
    format.height = size.height;
    return format;
  }

  image::Y4mHeader header_;
  bool beside_network_;  // chroma, if there is any
};

class RawCodec final : public FrameCodec {
 public:
  explicit RawCodec(const PixelLayout& layout) : layout_(layout) {}

  int width() const override { return layout_.width; }
  int height() const override { return layout_.height; }
  std::string header(Runner::Size) const override { return {}; }
  std::string frame_header() const override { return {}; }
  std::size_t bytes(Runner::Size size) const override {
    PixelLayout layout = layout_;
    layout.width = size.width;
    layout.height = size.height;
    return packed_bytes(layout);
  }
  WorkFrame decode(std::span<const std::byte> bytes) const override {
    auto picture = PixelReader({layout_, bytes.data()}).read({0, 0, layout_.width, layout_.height});
    assert(picture.ok());
    return {*std::move(picture), {}};
  }
  image::Picture beside(const image::Picture&, Runner::Size) const override { return {}; }
  void encode(const WorkFrame& frame, Runner::Size output, std::span<std::byte> bytes) const override {
    PixelLayout layout = layout_;
    layout.width = output.width;
    layout.height = output.height;
    [[maybe_unused]] const auto written = PixelWriter({layout, bytes.data()}).write_rows(frame.picture);
    assert(written.ok());
  }

 private:
  PixelLayout layout_;
};

// The rest of a line that may not be longer than kLongestLine. None: the stream ends before the line does.
Result<std::optional<std::string>> read_line(base::InputStream& input, const base::StopRequest& stop) {
  std::string line;
  std::byte letter{};
  while (line.size() < kLongestLine) {
    MANTISSA_ASSIGN(const std::size_t count, input.read({&letter, 1}, stop));
    if (count == 0) return std::optional<std::string>();
    if (letter == std::byte{'\n'}) return std::optional(std::move(line));
    line += static_cast<char>(letter);
  }
  return std::optional<std::string>();
}

Result<void> apply(const StreamRequest& request, image::Y4mHeader& header) {
  image::VideoFormat& format = header.format;
  if (!request.matrix.empty()) {
    const auto matrix = image::matrix_named(request.matrix);
    if (!matrix) return usage_error("there is no matrix '" + request.matrix + "'", "Use bt601, bt709 or bt2020");
    format.matrix = *matrix;
  }
  if (!request.siting.empty()) {
    const auto siting = image::siting_named(request.siting);
    if (!siting) return usage_error("there is no siting '" + request.siting + "'", "Use centre, left or top-left");
    format.siting = *siting;
  }
  if (!request.levels.empty()) {
    if (request.levels != "limited" && request.levels != "full")
      return usage_error("there are no levels '" + request.levels + "'", "Use limited or full");
    format.full_levels = request.levels == "full";
    header.states_levels = true;
  }
  return {};
}

Result<std::unique_ptr<FrameCodec>> open_y4m(const StreamRequest& request, base::InputStream& input, bool keeps_chroma,
                                             const base::StopRequest& stop) {
  // Not more than the first word before it is known to be one: what else is piped in may have no lines.
  std::string magic(image::kY4mMagic.size(), '\0');
  MANTISSA_ASSIGN(const std::size_t count, input.read(std::as_writable_bytes(std::span(magic)), stop));
  if (count == 0) return bad_input("it is empty", "Look at what the program before says");
  if (magic == image::kY4mMagic) {
    MANTISSA_ASSIGN(const std::optional<std::string> rest, read_line(input, stop));
    if (!rest) return bad_input("its header does not end");
    magic += *rest;
  }
  MANTISSA_ASSIGN(image::Y4mHeader header, image::parse_y4m_header(magic));
  MANTISSA_TRY(apply(request, header));
  return std::unique_ptr<FrameCodec>(std::make_unique<Y4mCodec>(std::move(header), keeps_chroma));
}

struct RawFormat {
  std::string_view name;
  int channels;
  SampleType type;
};
constexpr std::array kRawFormats{
    RawFormat{"rgb24", 3, SampleType::uint8},
    RawFormat{"rgb48", 3, SampleType::uint16},
    RawFormat{"gray", 1, SampleType::uint8},
    RawFormat{"gray16", 1, SampleType::uint16},
};

Result<std::unique_ptr<FrameCodec>> open_raw(const StreamRequest& request) {
  if (!request.matrix.empty() || !request.levels.empty() || !request.siting.empty())
    return usage_error("raw frames of " + request.format + " have no matrix, levels or siting", "Those are for Y4M");
  for (const RawFormat& format : kRawFormats) {
    if (format.name != request.format) continue;
    if (request.width < 1 || request.height < 1)
      return usage_error("raw frames of " + request.format + " do not say how large they are",
                         "State it: --size 1280x720");
    if (request.width > kLongestInput || request.height > kLongestInput)
      return usage_error("frames of " + std::to_string(request.width) + " x " + std::to_string(request.height) +
                         " are too large");
    return std::unique_ptr<FrameCodec>(std::make_unique<RawCodec>(
        PixelLayout{request.width, request.height, format.channels, format.type, false, 0, 0}));
  }
  return usage_error("there are no frames of the kind '" + request.format + "'",
                     "Use y4m, rgb24, rgb48, gray or gray16");
}

// Whether a frame follows; takes what stands before it.
Result<bool> take_frame_header(base::InputStream& input, std::int64_t number, const base::StopRequest& stop) {
  std::string word(image::kY4mFrame.size() + 1, '\0');  // with a line's end, or a space before parameters
  MANTISSA_ASSIGN(const std::size_t count, input.read(std::as_writable_bytes(std::span(word)), stop));
  if (count == 0) return false;
  const std::string frame = "frame " + std::to_string(number);
  if (count < word.size()) return bad_input("the stream ends in the header of " + frame);
  if (word == std::string(image::kY4mFrame) + "\n") return true;
  if (word != std::string(image::kY4mFrame) + " ")
    return bad_input(frame + " does not begin as one of Y4M does", "What wrote it may have stated a wrong size");
  MANTISSA_ASSIGN(const std::optional<std::string> parameters, read_line(input, stop));
  if (!parameters) return bad_input("the header of " + frame + " does not end");
  return true;
}

}  // namespace

Result<std::unique_ptr<FrameCodec>> open_frames(const StreamRequest& request, base::InputStream& input,
                                                bool keeps_chroma, const base::StopRequest& stop) {
  if (request.format != "y4m") return open_raw(request);
  if (request.width != 0 || request.height != 0)
    return usage_error("Y4M says itself how large its frames are", "Leave out the size");
  return open_y4m(request, input, keeps_chroma, stop).in(input.name());
}

Result<bool> read_frame(const FrameCodec& codec, base::InputStream& input, std::int64_t number,
                        std::span<std::byte> bytes, const base::StopRequest& stop) {
  if (!codec.frame_header().empty()) {
    MANTISSA_ASSIGN(const bool follows, take_frame_header(input, number, stop).in(input.name()));
    if (!follows) return false;
  }
  MANTISSA_ASSIGN(const std::size_t count, input.read(bytes, stop));
  if (count == bytes.size()) return true;
  if (count == 0 && codec.frame_header().empty()) {
    if (number > 1) return false;
    return bad_input(input.name() + " is empty", "Look at what the program before says");
  }
  return bad_input(input.name() + " ends in frame " + std::to_string(number) + ", after " + std::to_string(count) +
                       " of its " + std::to_string(bytes.size()) + " bytes",
                   std::to_string(number - 1) + " whole frames were read");
}

}  // namespace mantissa::run
