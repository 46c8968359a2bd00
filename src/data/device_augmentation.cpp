#include "src/data/device_augmentation.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "src/image/taps.h"

namespace dermatome {
namespace {

// A weight has 23 bits and a pixel 8, more than float32 holds. So a weight is two numbers,
// high * kLow + low with -kLow / 2 <= low < kLow / 2, whose products with pixels add up exactly.
constexpr int64_t kLow = 1 << (kFractionBits / 2);

// By a number that is no power of two. (By a number from the host, CUDA would multiply with the
// reciprocal, which rounds otherwise.)
at::Tensor divide(const at::Tensor& values, double by) {
  return values / at::full({}, by, values.options());
}

// The weights as matrices: [n, 2 * S, extent] float, all high parts, then all low ones.
at::Tensor weight_matrices(const at::Tensor& windows, const at::Tensor& weights, int64_t extent) {
  const int64_t count = weights.size(0), size = weights.size(1), taps = weights.size(2);
  const at::Tensor high = (weights + kLow / 2).bitwise_right_shift(kFractionBits / 2);
  const at::Tensor parts = at::stack({high, weights - high * kLow}, 1).to(at::kFloat);
  const at::Tensor places =
      windows.to(at::kLong).unsqueeze(2) + at::arange(taps, windows.options().dtype(at::kLong));
  // A window that begins near the end of the picture has weights of 0 behind it.
  return at::zeros({count, 2, size, extent + taps}, parts.options())
      .scatter_(3, places.unsqueeze(1).expand_as(parts), parts)
      .narrow(3, 0, extent)
      .flatten(1, 2);
}

// Pixels from the sums of both parts, which lie behind each other in dimension `dim`.
at::Tensor pixels_of(const at::Tensor& sums, int64_t dim) {
  const int64_t size = sums.size(dim) / 2;
  return (sums.narrow(dim, size, size) / kLow)
      .floor_()
      .add_(sums.narrow(dim, 0, size))
      .add_(kLow / 2)  // half a level
      .div_(kLow)
      .floor_()
      .clamp_(0, 255);
}

// Places of a side's pixels, as far apart as `step` says; [n, extent]. Those behind the side's end
// are its last one's.
at::Tensor side(const CropBatch& crops, CropBatch::Place length, CropBatch::Place step,
                int64_t extent) {
  const at::Tensor last = crops.places.narrow(1, length, 1) - 1;
  return at::minimum(at::arange(extent, last.options()), last) * crops.places.narrow(1, step, 1);
}

// float [n, 3, lines, points]: every crop, as large as the largest.
at::Tensor unpack(const CropBatch& crops, int64_t lines, int64_t points) {
  const at::Tensor places =
      (crops.places.narrow(1, CropBatch::kFirst, 1) - crops.extents.front().first).unsqueeze(2) +
      side(crops, CropBatch::kLines, CropBatch::kLineStep, lines).unsqueeze(2) +
      side(crops, CropBatch::kPoints, CropBatch::kPointStep, points).unsqueeze(1);
  return crops.pixels.index_select(0, places.flatten())
      .view({crops.size(), lines, points, 3})
      .permute({0, 3, 1, 2})
      .contiguous()
      .to(at::kFloat);
}

// [n] per picture as [n, 1, 1, 1].
at::Tensor each(const at::Tensor& values) { return values.view({-1, 1, 1, 1}); }

// float [n, 3, S, S], the pixels' levels.
at::Tensor resize_crops(const CropBatch& crops) {
  const int64_t count = crops.size();
  int64_t lines = 0;
  int64_t points = 0;
  for (const CropBatch::Extent& extent : crops.extents) {
    lines = std::max(lines, extent.lines);
    points = std::max(points, extent.points);
  }
  const at::Tensor first =
      weight_matrices(crops.windows.select(1, 0), crops.weights.select(1, 0), points);
  const at::Tensor narrow = pixels_of(
      unpack(crops, lines, points).view({count, 3 * lines, points}).bmm(first.transpose(1, 2)), 2);
  const at::Tensor second =
      weight_matrices(crops.windows.select(1, 1), crops.weights.select(1, 1), lines);
  const at::Tensor resized =
      pixels_of(second.unsqueeze(1).matmul(narrow.view({count, 3, lines, narrow.size(2)})), 2);
  const at::Tensor turned = each(crops.places.select(1, CropBatch::kHeightFirst)) != 0;
  return at::where(turned, resized.transpose(2, 3), resized);
}

// [n, 1, S, S]: ITU-R 601-2 luma as src/image/color.cpp has it.
at::Tensor grey_of(const at::Tensor& pixels) {
  return (pixels.narrow(1, 0, 1) * 19595)
      .add_(pixels.narrow(1, 1, 1), 38470)
      .add_(pixels.narrow(1, 2, 1), 7471)
      .add_(0x8000)
      .div_(0x10000)
      .floor_();
}

// `blend` [n, kNumBlendValues].
at::Tensor blended(const at::Tensor& pixels, const at::Tensor& blend) {
  const at::Tensor grey = grey_of(pixels);
  const at::Tensor sums = grey.sum({2, 3}, /*keepdim=*/true, at::kDouble);
  const at::Tensor mean = (divide(sums, static_cast<double>(grey.size(2) * grey.size(3))) + 0.5)
                              .floor_()
                              .to(at::kFloat);
  const at::Tensor from = grey * each(blend.select(1, CropBatch::kGreyShare)) +
                          mean * each(blend.select(1, CropBatch::kMeanShare));
  // Two steps, since one could round once.
  return (pixels - from)
      .mul_(each(blend.select(1, CropBatch::kFactor)))
      .add_(from)
      .trunc_()
      .clamp_(0, 255);
}

// Pillow's 8-bit hue, [n, 1, S, S].
at::Tensor hue_of(const at::Tensor& pixels, const at::Tensor& high, const at::Tensor& range) {
  const at::Tensor distance = ((high - pixels) / range.clamp_min(1)).to(at::kDouble);
  const at::Tensor red = distance.narrow(1, 0, 1), green = distance.narrow(1, 1, 1),
                   blue = distance.narrow(1, 2, 1);
  const at::Tensor sixths =
      at::where(pixels.narrow(1, 0, 1) == high, blue - green,
                at::where(pixels.narrow(1, 1, 1) == high, red - blue + 2, green - red + 4))
          .to(at::kFloat);
  const at::Tensor turn = divide(sixths.to(at::kDouble), 6) + 1;
  const at::Tensor circle = (turn - turn.trunc()).to(at::kFloat);
  return circle.to(at::kDouble).mul_(255).trunc_();
}

// What red, green and blue are in each of the circle's sectors, [6, 3] int64: 0 the value, 1 the
// lowest channel, 2 the falling, 3 the rising one. Green is what red was two sectors before.
at::Tensor sector_table(const at::TensorOptions& options) {
  constexpr int64_t kRed = 0b00'11'01'01'10'00;  // two bits a sector, the first one's last
  const at::Tensor sector =
      (at::arange(6, options).unsqueeze(1) + 4 * at::arange(3, options)).remainder(6);
  return at::bitwise_right_shift(kRed, 2 * sector).bitwise_and(3);
}

// `levels` [n] of 255: how far the hues turn. Types and rounding are those of src/image/color.cpp.
at::Tensor with_turned_hues(const at::Tensor& pixels, const at::Tensor& levels) {
  const at::Tensor high = pixels.amax({1}, /*keepdim=*/true);
  const at::Tensor range = high - pixels.amin({1}, /*keepdim=*/true);
  const at::Tensor hue = (hue_of(pixels, high, range) + each(levels)).remainder(256);
  const at::Tensor sixths = divide(hue * 6, 255);
  const at::Tensor sector = sixths.trunc();
  const at::Tensor fraction = (sixths - sector).to(at::kFloat);
  const at::Tensor share = range / high.clamp_min(1);
  const at::Tensor level = share.to(at::kDouble).mul_(255).trunc_();
  const at::Tensor saturation = divide(level, 255).to(at::kFloat);

  const at::Tensor value = high.to(at::kDouble), s = saturation.to(at::kDouble),
                   f = fraction.to(at::kDouble);
  const auto rest = [&](const at::Tensor& part) {
    return (value * (1 - part)).add_(0.5).trunc_().to(at::kFloat);
  };
  const at::Tensor choices =
      at::cat({high, rest(s), rest((saturation * fraction).to(at::kDouble)), rest(s * (1 - f))}, 1);
  const at::Tensor which = sector_table(sector.options().dtype(at::kLong))
                               .index_select(0, sector.to(at::kLong).remainder(6).flatten())
                               .view({pixels.size(0), pixels.size(2), pixels.size(3), 3})
                               .permute({0, 3, 1, 2});
  return choices.gather(1, which);
}

at::Tensor adjust_colors(at::Tensor pixels, const CropBatch& crops) {
  const auto blend = [&](int64_t step) { pixels = blended(pixels, crops.blends.select(1, step)); };
  const auto finish = [&](CropBatch::Finish value) { return crops.finish.select(1, value); };
  for (int64_t step = 0; step < CropBatch::kBlends; ++step) blend(step);
  pixels = at::where(each(finish(CropBatch::kTurnsHue)) != 0,
                     with_turned_hues(pixels, finish(CropBatch::kHueLevels)), pixels);
  for (int64_t step = 0; step < CropBatch::kBlends; ++step) blend(CropBatch::kBlends + step);
  return at::where(each(finish(CropBatch::kGrey)) != 0, grey_of(pixels), pixels);
}

// How many crops from `first` on make a group.
int64_t group_size(const CropBatch& crops, int64_t first) {
  int64_t lines = crops.windows.size(2);  // a picture grows at most to that
  int64_t points = lines;
  int64_t count = 0;
  for (; first + count < crops.size(); ++count) {
    const CropBatch::Extent& extent = crops.extents[static_cast<size_t>(first + count)];
    lines = std::max(lines, extent.lines);
    points = std::max(points, extent.points);
    if (count > 0 && (count + 1) * lines * points > kGroupPixels) break;
  }
  return count;
}

}  // namespace

at::Tensor augment_crops(const CropBatch& crops) {
  const int64_t size = crops.windows.size(2);
  std::vector<at::Tensor> groups = {at::empty({0, 3, size, size}, crops.pixels.options())};
  for (int64_t first = 0; first < crops.size();) {
    const CropBatch group = crops.slice(first, group_size(crops, first));
    at::Tensor pixels = resize_crops(group);
    if (group.adjusts_colors) pixels = adjust_colors(std::move(pixels), group);
    groups.push_back(pixels.to(at::kByte));
    first += group.size();
  }
  return at::cat(groups);
}

}  // namespace dermatome
