#include "src/plan/step_load.h"

#include <algorithm>
#include <vector>

#include "src/config/train_options.h"
#include "src/core/row_range.h"
#include "src/data/batch_texts.h"
#include "src/data/patch_dropout.h"
#include "src/data/sample_order.h"
#include "src/model/text_tower.h"
#include "src/objective/create_objective.h"

namespace dermatome {
namespace {

// Batches that are measured; captions differ little from one batch to the next.
constexpr int64_t kBatches = 4;

// Adds the texts as `num_pieces` micro-batches encode them.
void add(TextLoad& load, const BatchTexts& texts, const TextTower& tower, int64_t num_pieces) {
  if (texts.tokens.size(0) == 0) return;
  load.texts += static_cast<double>(texts.tokens.size(0));
  for (const Span rows : cut_rows(texts.tokens.size(0), num_pieces)) {
    const PackedTexts packed =
        tower.pack(texts.tokens.narrow(0, rows.begin, rows.size),
                   texts.lengths.narrow(0, rows.begin, rows.size), c10::kCPU);
    load.rows += static_cast<double>(packed.token.size(0));
    load.positions += static_cast<double>(packed.layout->rows.size(0));
  }
}

}  // namespace

TextLoad measure_texts(const ShardedDataset& dataset, const TrainOptions& options,
                       const TextTower& tower, int64_t num_samples) {
  const TextSelection selection = create_objective(options.objective)->text_selection();
  const auto order = make_order(options.seed, options.data, dataset.source_sizes());
  const int64_t places = samples_per_epoch(options.data, dataset.size());
  const int64_t batches = std::clamp<int64_t>(places / num_samples, 1, kBatches);
  TextLoad load;
  for (int64_t batch = 0; batch < batches; ++batch) {
    std::vector<SamplePlace> rows;
    const int64_t end = std::min(places, (batch + 1) * num_samples);
    for (int64_t place = batch * num_samples; place < end; ++place) {
      rows.push_back(dataset.locate(order->sample(/*epoch=*/0, place)));
    }
    add(load, collect_texts(rows, dataset.num_captions(), selection), tower, options.accum);
  }
  const auto count = static_cast<double>(batches);
  return {load.texts / count, load.rows / count, load.positions / count};
}

TextLoad assumed_texts(const ObjectiveOptions& objective, int64_t num_samples) {
  const auto samples = static_cast<double>(num_samples);
  if (create_objective(objective)->text_selection().only_raw_caption) {
    return {.texts = samples, .rows = 24 * samples, .positions = 27 * samples};
  }
  return {.texts = 3.4 * samples, .rows = 69 * samples, .positions = 85 * samples};
}

ObjectiveLoad objective_load(const ClipConfig& config, const StepLoad& load) {
  return {.ranks = static_cast<double>(load.ranks),
          .images = static_cast<double>(load.images),
          .texts = load.texts.texts,
          .width = static_cast<double>(config.embed_dim)};
}

int64_t tokens_per_image(const VisionConfig& vision, double patch_dropout) {
  return 1 + num_kept_patches(vision.num_patches(), patch_dropout);
}

}  // namespace dermatome
