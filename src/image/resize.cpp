#include "src/image/resize.h"

#include <algorithm>
#include <cstring>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/image/codec.h"
#include "src/image/wide_vectors.h"

namespace dermatome {
namespace {

constexpr int32_t kHalf = 1 << (kFractionBits - 1);

uint8_t to_pixel(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kFractionBits, 0, 255));
}

// What a pass reads and makes: rows of pixels, of which the first `bytes` of each count.
struct Rows {
  const uint8_t* first = nullptr;
  size_t stride = 0;  // bytes from a row to the next
  int height = 0;
  size_t bytes = 0;
};

// Memory for a thread's passes, used again for every image.
struct Scratch {
  Taps taps;
  std::vector<int32_t> numbers;  // a row's bytes
  std::vector<int32_t> sums;     // weighted sums of a resulting row
  std::vector<int32_t> weights;  // of two taps each, as resize_width() multiplies them
  std::vector<uint8_t> narrow;   // after a pass over heights
  std::vector<uint8_t> resized;  // after the pass over widths
};

Scratch& scratch() {
  thread_local Scratch memory;
  return memory;
}

// At least `size` elements of `memory`.
template <typename T>
T* reserve(std::vector<T>& memory, size_t size) {
  if (memory.size() < size) memory.resize(size);
  return memory.data();
}

// 8 numbers that are multiplied and added at once: the red, green and blue of two pixels that
// follow each other, and 2 without meaning. Unsigned, so that those two may wrap around; the others
// have the bits of signed numbers.
using Numbers = uint32_t __attribute__((vector_size(32)));
constexpr size_t kLanes = 8;

// Resizes rows of interleaved pixels to `width` pixels, written back to back, by memory.taps.
DERMATOME_WIDE_VECTORS
void resize_width(const Rows& rows, int width, Scratch& memory, uint8_t* __restrict target) {
  const Taps& taps = memory.taps;
  const size_t num_pairs = (static_cast<size_t>(taps.max_count) + 1) / 2;
  const size_t row_bytes = static_cast<size_t>(width) * 3;
  int32_t* weights = reserve(memory.weights, static_cast<size_t>(width) * num_pairs * kLanes);
  std::fill_n(weights, static_cast<size_t>(width) * num_pairs * kLanes, 0);
  for (int x = 0; x < width; ++x) {
    for (int tap = 0; tap < taps.windows[x].count; ++tap) {
      const size_t pair = static_cast<size_t>(x) * num_pairs + static_cast<size_t>(tap) / 2;
      std::fill_n(weights + pair * kLanes + (tap % 2) * 3, 3,
                  taps.weights[static_cast<size_t>(x) * taps.max_count + tap]);
    }
  }
  // The last pair of taps may reach behind the row, where its weights are 0.
  int32_t* __restrict numbers = reserve(memory.numbers, rows.bytes + kLanes);
  std::fill_n(numbers + rows.bytes, kLanes, 0);
  int32_t* __restrict sums = reserve(memory.sums, row_bytes + kLanes);
  for (int y = 0; y < rows.height; ++y, target += row_bytes) {
    const uint8_t* __restrict row = rows.first + static_cast<size_t>(y) * rows.stride;
    for (size_t i = 0; i < rows.bytes; ++i) numbers[i] = row[i];
    for (int x = 0; x < width; ++x) {
      const int32_t* weight = weights + static_cast<size_t>(x) * num_pairs * kLanes;
      const auto [first, count] = taps.windows[x];
      const int32_t* pixel = numbers + static_cast<size_t>(first) * 3;
      Numbers sum = {kHalf, kHalf, kHalf};
      for (int tap = 0; tap < count; tap += 2, weight += kLanes, pixel += 6) {
        Numbers factors, values;
        std::memcpy(&factors, weight, sizeof factors);
        std::memcpy(&values, pixel, sizeof values);
        sum += factors * values;
      }
      sum += __builtin_shufflevector(sum, sum, 3, 4, 5, 3, 4, 5, 3, 4);
      // The numbers behind this pixel are overwritten by the next pixels.
      std::memcpy(sums + static_cast<size_t>(x) * 3, &sum, sizeof sum);
    }
    for (size_t i = 0; i < row_bytes; ++i) target[i] = to_pixel(sums[i]);
  }
}

// Resizes each column of bytes on its own, whichever channel it holds.
DERMATOME_WIDE_VECTORS
void resize_height(const Rows& rows, int height, Scratch& memory, uint8_t* __restrict target) {
  const Taps& taps = memory.taps;
  int32_t* __restrict sums = reserve(memory.sums, rows.bytes);
  for (int y = 0; y < height; ++y, target += rows.bytes) {
    const int32_t* weight = taps.weights.data() + static_cast<size_t>(y) * taps.max_count;
    const auto [first, count] = taps.windows[y];
    std::fill_n(sums, rows.bytes, kHalf);
    // Four rows at a time, to touch the sums less often.
    for (int tap = 0; tap < count; tap += 4) {
      const uint8_t* row[4];
      int32_t w[4];
      for (int k = 0; k < 4; ++k) {
        const int used = std::min(tap + k, count - 1);
        row[k] = rows.first + static_cast<size_t>(first + used) * rows.stride;
        w[k] = tap + k < count ? weight[tap + k] : 0;
      }
      for (size_t i = 0; i < rows.bytes; ++i) {
        sums[i] += row[0][i] * w[0] + row[1][i] * w[1] + row[2][i] * w[2] + row[3][i] * w[3];
      }
    }
    for (size_t i = 0; i < rows.bytes; ++i) target[i] = to_pixel(sums[i]);
  }
}

void check_box(const Image& image, const Box& box) {
  require(box.left >= 0 && box.top >= 0 && box.width > 0 && box.height > 0 &&
              box.left <= image.width - box.width && box.top <= image.height - box.height,
          [&] {
            return text("crop ", box.width, " x ", box.height, " at (", box.left, ", ", box.top,
                        ") of an image of ", image.width, " x ", image.height);
          });
}

Rows rows_of(const Image& image, const Box& box) {
  check_box(image, box);
  const size_t stride = static_cast<size_t>(image.width) * 3;
  return {image.pixels.data() + static_cast<size_t>(box.top) * stride +
              static_cast<size_t>(box.left) * 3,
          stride, box.height, static_cast<size_t>(box.width) * 3};
}

Image copy(const Rows& rows) {
  Image result = black_image(rows.height, static_cast<int>(rows.bytes / 3));
  for (int y = 0; y < rows.height; ++y) {
    std::memcpy(result.pixels.data() + y * rows.bytes, rows.first + y * rows.stride, rows.bytes);
  }
  return result;
}

// The resized crop: in the thread's scratch memory, or in `image` if the size does not change.
Rows resample(const Image& image, const Box& box, int height, int width,
              Interpolation interpolation) {
  require(height > 0 && width > 0, "resize to an empty image");
  Scratch& memory = scratch();
  Rows rows = rows_of(image, box);
  const auto change_height = [&] {
    make_taps(rows.height, height, interpolation, memory.taps);
    uint8_t* target = reserve(memory.narrow, static_cast<size_t>(height) * rows.bytes);
    resize_height(rows, height, memory, target);
    rows = {target, rows.bytes, height, rows.bytes};
  };
  if (height_first(box.height, box.width, height, width)) change_height();
  if (box.width != width) {
    const size_t bytes = static_cast<size_t>(width) * 3;
    make_taps(box.width, width, interpolation, memory.taps);
    uint8_t* target = reserve(memory.resized, static_cast<size_t>(rows.height) * bytes);
    resize_width(rows, width, memory, target);
    rows = {target, bytes, rows.height, bytes};
  }
  if (rows.height != height) change_height();
  return rows;
}

// `image` with black around it, at least size x size; the smaller margin left and above.
Image pad_to(const Image& image, int size) {
  const int height = std::max(image.height, size);
  const int width = std::max(image.width, size);
  const int left = (width - image.width) / 2;
  const int top = (height - image.height) / 2;
  Image result = black_image(height, width);
  const size_t row_bytes = static_cast<size_t>(image.width) * 3;
  for (int y = 0; y < image.height; ++y) {
    std::memcpy(result.pixels.data() + (static_cast<size_t>(top + y) * width + left) * 3,
                image.pixels.data() + y * row_bytes, row_bytes);
  }
  return result;
}

// Half of a non-negative margin, halves to even.
int half_to_even(int margin) { return margin / 2 + (margin % 4 == 3 ? 1 : 0); }

}  // namespace

void resize_to_planes(const Image& image, const Box& box, int height, int width,
                      const Planes& planes, Interpolation interpolation) {
  require(planes.count == static_cast<size_t>(height) * width, "planes of another size");
  const Rows rows = resample(image, box, height, width, interpolation);
  for (int y = 0; y < height; ++y) {
    const size_t first = static_cast<size_t>(y) * width;
    to_planes(rows.first + y * rows.stride, {planes.red + first, planes.green + first,
                                             planes.blue + first, static_cast<size_t>(width)});
  }
}

Image resize(const Image& image, const Box& box, int height, int width,
             Interpolation interpolation) {
  return copy(resample(image, box, height, width, interpolation));
}

Extent shorter_side_extent(const Extent& image, int size) {
  const int shorter = std::min(image.height, image.width);
  const int longer = std::max(image.height, image.width);
  const int64_t exact = static_cast<int64_t>(size) * longer / shorter;
  if (exact * size > kMaxPixels) {
    throw DataError(text("an image of ", image.width, " x ", image.height,
                         " pixels is too long and thin to bring its shorter side to ", size));
  }
  const int scaled = static_cast<int>(exact);
  if (image.width > image.height) return {.height = size, .width = scaled};
  return {.height = scaled, .width = size};
}

Image resize_shorter_side(const Image& image, int size, Interpolation interpolation) {
  const Extent extent = shorter_side_extent({image.height, image.width}, size);
  return resize(image, {0, 0, image.width, image.height}, extent.height, extent.width,
                interpolation);
}

Image center_crop(const Image& image, int size) {
  if (image.height < size || image.width < size) return center_crop(pad_to(image, size), size);
  return copy(rows_of(
      image, {half_to_even(image.width - size), half_to_even(image.height - size), size, size}));
}

}  // namespace dermatome
