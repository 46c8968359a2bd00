#include "tests/data/loaded_samples.h"

#include <ATen/Functions.h>

#include <utility>

namespace dermatome {

const ClipTokenizer& tokenizer() {
  static const ClipTokenizer instance;
  return instance;
}

std::vector<int64_t> encode(const std::string& text) {
  const std::vector<int32_t> ids = tokenizer().encode(text);
  return {ids.begin(), ids.end()};
}

std::vector<Sample> samples_of(const Batch& batch) {
  std::vector<Sample> samples;
  for (int64_t i = 0; i < batch.images.size(0); ++i) {
    Sample& sample = samples.emplace_back();
    sample.id = batch.sample_ids[static_cast<size_t>(i)];
    const at::Tensor image = batch.images[i].contiguous();
    const auto* pixels = image.const_data_ptr<uint8_t>();
    sample.pixels.assign(pixels, pixels + image.numel());
    if (batch.kept_patches.defined()) {
      const auto* patches = batch.kept_patches.const_data_ptr<int64_t>();
      const int64_t count = batch.kept_patches.size(1);
      sample.kept_patches.assign(patches + i * count, patches + (i + 1) * count);
    }
    for (int64_t k = 0; k < batch.caption.size(1); ++k) {
      sample.mask.push_back(batch.mask[i][k].item<bool>());
      std::vector<int64_t>& text = sample.texts.emplace_back();
      const auto row = batch.caption[i][k].item<int64_t>();
      if (row < 0) continue;
      const auto length = batch.lengths[row].item<int64_t>();
      for (int64_t t = 0; t < length; ++t) text.push_back(batch.tokens[row][t].item<int64_t>());
    }
  }
  return samples;
}

LoaderOptions options_for(int64_t global_batch, int64_t rank, int64_t world) {
  LoaderOptions options;
  options.seed = 7;
  options.global_batch = global_batch;
  options.first = global_batch * rank / world;
  options.count = global_batch * (rank + 1) / world - options.first;
  options.image_size = kLoadedSize;
  options.num_patches = 16;
  options.kept_patches = 5;
  options.data.shuffle_block = 4;
  options.data.shuffle_window = 3;
  options.augmentation.scale = {0.4, 1.0};
  options.augmentation.color_jitter = {0.3, 0.3, 0.3, 0.05};
  options.augmentation.color_jitter_probability = 0.8;
  options.augmentation.gray_probability = 0.2;
  return options;
}

std::vector<std::vector<Sample>> global_batches(const ShardedDataset& dataset, LoaderOptions common,
                                                int64_t world, int64_t epoch, int64_t step,
                                                int64_t steps) {
  std::vector<std::vector<Sample>> batches(static_cast<size_t>(steps));
  for (int64_t rank = 0; rank < world; ++rank) {
    const LoaderOptions slice = options_for(common.global_batch, rank, world);
    common.first = slice.first;
    common.count = slice.count;
    Loader loader(dataset, common, epoch, step);
    for (auto& batch : batches) {
      for (Sample& sample : samples_of(loader.next().value())) batch.push_back(std::move(sample));
    }
  }
  return batches;
}

}  // namespace dermatome
