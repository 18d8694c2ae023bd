#include "goldens.h"

#include <algorithm>
#include <cmath>

#include "format/checkpoint.h"
#include "net/architecture.h"

namespace mantissa::test {
namespace {

using net::Colour;

const Golden kGoldens[] = {
    {"srvgg", "srvgg_animevideov3/realesr-animevideov3.pth", "SRVGGNetCompact", Colour::rgb, 4, 18, 1, 1, 619200},
    {"dncnn", "dncnn/dncnn_25.pth", "DnCNN", Colour::luminance, 1, 17, 1, 1, 554112},
    {"dncnn_bn", "dncnn_bn/DnCNN-S-25_net.pth", "DnCNN", Colour::luminance, 1, 17, 1, 1, 554112},
    {"espcn_x2", "espcn/ESPCN_x2.pt", "ESPCN", Colour::ycbcr, 2, 4, 1, 1, 26688},
    {"espcn_x3", "espcn/ESPCN_x3.pt", "ESPCN", Colour::ycbcr, 3, 4, 1, 1, 31008},
    {"espcn_x4", "espcn/ESPCN_x4.pt", "ESPCN", Colour::ycbcr, 4, 4, 1, 1, 37056},
    {"rfdn", "rfdn/rfdn_baseline.pth", "RFDN", Colour::rgb, 4, -1, 6, 1, 412475, 1e-5, 255, true},
    {"rlfn", "rlfn/team00_rlfn.pth", "RLFN", Colour::rgb, 4, -1, 6, 1, 299935, 5e-5, 255, true},
    {"efdn", "efdn/team01_efdn.pth", "EFDN", Colour::rgb, 4, -1, 6, 1, 254657},
    {"bsrn", "bsrn/team18_bsrn.pth", "BSRN", Colour::rgb, 4, -1, 6, 1, 143879},
    {"span", "span/team38_span_ch28_slim.pth", "SPAN", Colour::rgb, 4, 21, 1, 1, 150052, 2e-5},
    {"safmn", "safmn/team15_SAFMN.pth", "SAFMN", Colour::rgb, 4, -1, 1, 1, 234953},
    {"fsrcnn_x2", "fsrcnn/FSRCNN_x2.pt", "FSRCNN", Colour::ycbcr, 2, 8, 1, 1, 24336},
    {"fsrcnn_x4", "fsrcnn/FSRCNN_x4.pt", "FSRCNN", Colour::ycbcr, 4, 7, 1, 1, 24336},
    {"ffdnet", "ffdnet/ffdnet_color.pth", "FFDNet", Colour::rgb, 1, 25, 2, 1, 212760, 2e-5},
    {"mobilesr", "mobilesr/team20_mobilesr.pth", "MobileSR", Colour::rgb, 4, 48, 8, 1, 207600},
    // Its matrices of colours count as the 1x1 convolutions that they are: 12 of 16x16 in meta.json's attention.
    {"iat", "iat/best_Epoch_lol.pth", "IAT", Colour::rgb, 1, -1, 4, 1, 24908, 1e-5, 1, false, -1},
    {"craft", "craft/team34_craft.pth", "CRAFT", Colour::rgb, 4, -1, 16, 16, 740737},
    {"zerodce", "zerodce/Epoch99.pth", "Zero-DCE", Colour::rgb, 1, 7, 1, 1, 79200},
};

// Reflected on the right and below to a multiple, as the authors of networks that want one do.
Array padded(const Array& picture, std::int64_t multiple) {
  Array out{picture.shape, {}};
  const std::int64_t height = picture.shape[2];
  const std::int64_t width = picture.shape[3];
  for (const std::size_t d : {2U, 3U}) out.shape[d] = (picture.shape[d] + multiple - 1) / multiple * multiple;
  const auto reflected = [](std::int64_t at, std::int64_t size) { return at < size ? at : 2 * (size - 1) - at; };
  for (std::int64_t c = 0; c < picture.shape[1]; ++c) {
    for (std::int64_t y = 0; y < out.shape[2]; ++y) {
      for (std::int64_t x = 0; x < out.shape[3]; ++x) {
        const std::int64_t from = (c * height + reflected(y, height)) * width + reflected(x, width);
        out.values.push_back(picture.values[static_cast<std::size_t>(from)]);
      }
    }
  }
  return out;
}

Array cropped(const Array& picture, const std::vector<std::int64_t>& shape) {
  if (picture.shape.size() != 4 || picture.shape[2] < shape[2] || picture.shape[3] < shape[3]) return picture;
  Array out{shape, {}};
  for (std::int64_t c = 0; c < shape[1]; ++c) {
    for (std::int64_t y = 0; y < shape[2]; ++y) {
      const auto* const row =
          picture.values.data() + static_cast<std::size_t>((c * picture.shape[2] + y) * picture.shape[3]);
      out.values.insert(out.values.end(), row, row + shape[3]);
    }
  }
  return out;
}

}  // namespace

void PrintTo(const Golden& golden, std::ostream* out) { *out << golden.name; }

std::span<const Golden> goldens() { return kGoldens; }

Result<net::Network> network_of(const Golden& golden) {
  MANTISSA_ASSIGN(ir::StateDict state, format::read_checkpoint(shared_folder() / "models" / golden.checkpoint));
  return net::network_from_checkpoint(std::move(state));
}

double difference(const Array& expected, const Array& found) {
  if (expected.shape != found.shape || expected.values.empty()) return INFINITY;
  double largest = 0;
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    const double each = std::abs(double{expected.values[i]} - found.values[i]);
    largest = std::isfinite(each) ? std::max(largest, each) : INFINITY;
  }
  const auto [low, high] = std::minmax_element(expected.values.begin(), expected.values.end());
  return largest / (double{*high} - *low);
}

double largest_error(const Golden& golden, const net::Network& network) {
  double largest = 0;
  for (const std::string pair : {"0", "1"}) {
    const auto folder = shared_folder() / "golden" / golden.name;
    const Array expected = read_npy(folder / ("out_" + pair + ".npy"));
    const Array input = read_npy(folder / ("in_" + pair + ".npy"));
    std::optional<float> level;
    if (network.task.condition) level = read_npy(folder / ("in_" + pair + "_1.npy")).values.at(0);
    const Array found = execute(network.graph, padded(input, network.task.size_multiple), level);
    largest = std::max(largest, difference(expected, cropped(found, expected.shape)));
  }
  return largest;
}

}  // namespace mantissa::test
