// Writes a picture of any size for the measurements of large_pictures.py: another one, side by side as often as needed.
//
//   large_picture SOURCE WIDTH HEIGHT OUTPUT[OPTIONS OF LIBVIPS]
//
// OUTPUT is libvips' own: "a.tif[tile,pyramid,bigtiff,compression=lzw]", "a.jpg[Q=90]", "a.png[compression=1]". Memory does
// not depend on the size.
#include <cstdio>
#include <cstdlib>
#include <vips/vips8>

int main(int count, char** arguments) {
  const int width = count == 5 ? std::atoi(arguments[2]) : 0, height = count == 5 ? std::atoi(arguments[3]) : 0;
  if (width < 1 || height < 1) {
    std::fprintf(stderr, "usage: large_picture SOURCE WIDTH HEIGHT OUTPUT\n");
    return 2;
  }
  if (VIPS_INIT(arguments[0]) != 0) return 5;
  try {
    const auto source = vips::VImage::new_from_file(arguments[1]);
    source.replicate((width + source.width() - 1) / source.width(), (height + source.height() - 1) / source.height())
        .crop(0, 0, width, height)
        .write_to_file(arguments[4]);
  } catch (const vips::VError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 3;
  }
  return 0;
}
