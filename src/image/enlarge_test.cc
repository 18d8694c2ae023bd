#include "image/enlarge.h"

#include <gtest/gtest.h>

#include "image/resize.h"
#include "image/testing.h"

namespace mantissa::image {
namespace {

TEST(Enlarger, GivesTheRowsOfABicubicallyResizedPicture) {
  for (const auto& [width, height] : {std::pair{23, 17}, {1, 1}, {2, 5}, {64, 3}}) {
    const Picture picture = testing::pattern(width, height, 1);
    for (const int factor : {1, 2, 3, 4, 7}) {
      const Picture expected = resize_bicubic(picture, width * factor, height * factor);
      Enlarger enlarger(width, factor);
      std::vector<float> row(static_cast<std::size_t>(width) * factor);
      for (int y = 0; y < height * factor; ++y) {
        const int half = width / 2;  // in two pieces, one of which may be empty
        enlarger.row(picture.samples, y, 0, half, row.data());
        enlarger.row(picture.samples, y, half, width - half, row.data() + static_cast<std::ptrdiff_t>(half) * factor);
        for (std::size_t x = 0; x < row.size(); ++x)
          ASSERT_NEAR(row[x], expected.row(0, y)[x], 1e-6F)
              << width << "x" << height << " by " << factor << ", row " << y;
      }
    }
  }
}

}  // namespace
}  // namespace mantissa::image
