#include "src/data/crops.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "src/core/error.h"
#include "src/image/taps.h"

namespace dermatome {
namespace {

constexpr int64_t kPasses = 2;

at::Tensor filled(at::IntArrayRef shape, at::ScalarType type) {
  // Not at::zeros, which starts threads of its own on large tensors.
  at::Tensor tensor = at::empty(shape, type);
  if (tensor.numel() > 0) std::memset(tensor.mutable_data_ptr(), 0, tensor.nbytes());
  return tensor;
}

CropBatch::Extent write_place(int64_t* place, const Image& image, int64_t first, int size) {
  const bool by_height = height_first(image.height, image.width, size, size);
  place[CropBatch::kFirst] = first;
  place[CropBatch::kHeightFirst] = by_height ? 1 : 0;
  place[CropBatch::kLines] = by_height ? image.width : image.height;
  place[CropBatch::kLineStep] = by_height ? 1 : image.width;
  place[CropBatch::kPoints] = by_height ? image.height : image.width;
  place[CropBatch::kPointStep] = by_height ? image.width : 1;
  return {first, place[CropBatch::kLines], place[CropBatch::kPoints]};
}

// A row of the first tap of each output pixel, and `stride` weights from there on.
void write_taps(const Taps& taps, int32_t* windows, int32_t* weights, int64_t stride) {
  const auto count = static_cast<size_t>(taps.max_count);
  for (size_t place = 0; place < taps.windows.size(); ++place, weights += stride) {
    windows[place] = taps.windows[place].first;
    std::copy_n(taps.weights.data() + place * count, count, weights);
  }
}

void write_colors(const AugmentationParameters& parameters, float* blends, float* finish) {
  for (int64_t step = 0; step < 2 * CropBatch::kBlends; ++step) {
    blends[step * CropBatch::kNumBlendValues + CropBatch::kFactor] = 1;
  }
  int64_t step = 0;
  int64_t end = CropBatch::kBlends;
  for (const auto& [operation, amount] : parameters.colors) {
    if (operation == ColorOperation::kHue) {
      require(finish[CropBatch::kTurnsHue] == 0, "a hue that is turned twice");
      require(amount >= -0.5 && amount <= 0.5, "a hue shift that is not in -0.5..0.5");
      finish[CropBatch::kTurnsHue] = 1;
      finish[CropBatch::kHueLevels] = static_cast<float>(static_cast<int>(amount * 255.0));
      step = CropBatch::kBlends;
      end = 2 * CropBatch::kBlends;
      continue;
    }
    require(step < end, "more colour adjustments in a row than a batch has room for");
    float* blend = blends + step++ * CropBatch::kNumBlendValues;
    blend[CropBatch::kFactor] = static_cast<float>(amount);
    blend[CropBatch::kMeanShare] = operation == ColorOperation::kContrast ? 1 : 0;
    blend[CropBatch::kGreyShare] = operation == ColorOperation::kSaturation ? 1 : 0;
  }
  finish[CropBatch::kGrey] = parameters.gray ? 1 : 0;
}

// The sides that the first and the second pass resize.
std::array<int, kPasses> sides_of(const Image& image, int size) {
  if (height_first(image.height, image.width, size, size)) return {image.height, image.width};
  return {image.width, image.height};
}

void write_all_taps(std::span<const Crop> crops, int size, CropBatch& batch) {
  const auto count = static_cast<int64_t>(crops.size());
  int64_t most = 1;
  for (const Crop& crop : crops) {
    for (const int side : sides_of(crop.image, size)) {
      most = std::max<int64_t>(most, max_tap_count(side, size, Interpolation::kBicubic));
    }
  }
  batch.windows = at::empty({count, kPasses, size}, at::kInt);
  batch.weights = filled({count, kPasses, size, most}, at::kInt);
  auto* windows = batch.windows.mutable_data_ptr<int32_t>();
  auto* weights = batch.weights.mutable_data_ptr<int32_t>();
  Taps taps;
  for (const Crop& crop : crops) {
    for (const int side : sides_of(crop.image, size)) {
      make_taps(side, size, Interpolation::kBicubic, taps);
      write_taps(taps, windows, weights, most);
      windows += size;
      weights += size * most;
    }
  }
}

}  // namespace

void cut(const Image& image, const AugmentationParameters& parameters, Crop& crop) {
  const Box& box = parameters.crop;
  crop.parameters = parameters;
  crop.parameters.crop = {0, 0, box.width, box.height};
  crop.image.height = box.height;
  crop.image.width = box.width;
  crop.image.pixels.clear();
  const size_t row_bytes = static_cast<size_t>(box.width) * 3;
  crop.image.pixels.reserve(row_bytes * static_cast<size_t>(box.height));
  for (int y = box.top; y < box.top + box.height; ++y) {
    const uint8_t* row =
        image.pixels.data() + (static_cast<size_t>(y) * image.width + box.left) * 3;
    crop.image.pixels.insert(crop.image.pixels.end(), row, row + row_bytes);
  }
}

CropBatch pack(std::span<const Crop> crops, int size) {
  const auto count = static_cast<int64_t>(crops.size());
  CropBatch batch;
  batch.places = at::empty({count, CropBatch::kNumPlaces}, at::kLong);
  batch.blends = filled({count, 2 * CropBatch::kBlends, CropBatch::kNumBlendValues}, at::kFloat);
  batch.finish = filled({count, CropBatch::kNumFinishValues}, at::kFloat);
  auto* places = batch.places.mutable_data_ptr<int64_t>();
  auto* blends = batch.blends.mutable_data_ptr<float>();
  auto* finish = batch.finish.mutable_data_ptr<float>();
  batch.extents.reserve(crops.size());
  int64_t total = 0;
  for (const Crop& crop : crops) {
    batch.extents.push_back(write_place(places, crop.image, total, size));
    batch.adjusts_colors |= !crop.parameters.colors.empty() || crop.parameters.gray;
    write_colors(crop.parameters, blends, finish);
    total += static_cast<int64_t>(crop.image.height) * crop.image.width;
    places += CropBatch::kNumPlaces;
    blends += 2 * CropBatch::kBlends * CropBatch::kNumBlendValues;
    finish += CropBatch::kNumFinishValues;
  }
  batch.pixels = at::empty({total, 3}, at::kByte);
  auto* pixels = batch.pixels.mutable_data_ptr<uint8_t>();
  for (const Crop& crop : crops) pixels = std::ranges::copy(crop.image.pixels, pixels).out;
  write_all_taps(crops, size, batch);
  return batch;
}

CropBatch CropBatch::slice(int64_t first, int64_t count) const {
  const auto rows = [&](const at::Tensor& tensor) { return tensor.narrow(0, first, count); };
  const std::span<const Extent> kept =
      std::span(extents).subspan(static_cast<size_t>(first), static_cast<size_t>(count));
  int64_t num_pixels = 0;
  for (const Extent& extent : kept) num_pixels += extent.lines * extent.points;
  const int64_t begin = kept.empty() ? 0 : kept.front().first - extents.front().first;
  return {.extents = {kept.begin(), kept.end()},
          .adjusts_colors = adjusts_colors,
          .pixels = pixels.narrow(0, begin, num_pixels),
          .places = rows(places),
          .windows = rows(windows),
          .weights = rows(weights),
          .blends = rows(blends),
          .finish = rows(finish)};
}

CropBatch CropBatch::changed(const std::function<at::Tensor(const at::Tensor&)>& change) const {
  return {.extents = extents,
          .adjusts_colors = adjusts_colors,
          .pixels = change(pixels),
          .places = change(places),
          .windows = change(windows),
          .weights = change(weights),
          .blends = change(blends),
          .finish = change(finish)};
}

}  // namespace dermatome
