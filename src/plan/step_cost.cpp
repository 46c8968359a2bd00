#include "src/plan/step_cost.h"

#include <algorithm>

#include "src/config/train_options.h"
#include "src/distributed/gradient_reducer.h"
#include "src/objective/create_objective.h"
#include "src/train/training_model.h"

namespace dermatome {
namespace {

// The operations of the matrix product [n, k] [k, m].
double product(double n, double k, double m) { return 2 * n * k * m; }

struct TowerShape {
  double width, mlp_width;
};

// One forward pass of a block over `rows` rows at `positions` positions, each of which attends to
// `length` others.
double block_flops(const TowerShape& shape, double rows, double positions, double length) {
  const double projections = product(rows, shape.width, 4 * shape.width);
  const double mlp = 2 * product(rows, shape.width, shape.mlp_width);
  return projections + mlp + 2 * product(positions, shape.width, length);
}

// One forward pass of a tower's last `layers` blocks. Only `read` rows of its output are read: the
// last block computes keys and values of all rows, and all else for these rows only.
double tower_flops(const TowerShape& shape, int64_t layers, double rows, double positions,
                   double read, double length) {
  const double last = read == rows ? block_flops(shape, rows, positions, length)
                                   : block_flops(shape, read, read, length) -
                                         product(read, shape.width, 2 * shape.width) +
                                         product(rows, shape.width, 2 * shape.width);
  return static_cast<double>(layers - 1) * block_flops(shape, rows, positions, length) + last;
}

bool trains_something(const TowerLock& lock, int64_t num_blocks) {
  return num_locked_layers(lock, num_blocks) < num_blocks + 2;
}

// How often a product is computed of which a backward pass computes two more if it has one.
double passes(bool has_backward) { return has_backward ? 3 : 1; }

// What a tower costs in a step in which it is encoded `encodings` times. `forward(n)`: one forward
// pass of its last n blocks. A backward pass costs two, and goes through the trained blocks only.
template <typename Forward>
double step_of_tower(const Forward& forward, int64_t num_blocks, const TowerLock& lock,
                     int64_t checkpointed, double encodings) {
  const int64_t trained = num_trained_blocks(lock, num_blocks), locked = num_blocks - trained;
  const int64_t again = std::max(num_checkpointed(checkpointed, num_blocks) - locked, int64_t{0});
  const double all = encodings * forward(num_blocks);
  if (trained == 0) return all;
  return all + (2 + static_cast<double>(again) / static_cast<double>(trained)) * forward(trained);
}

double image_flops(const ClipConfig& config, const TrainOptions& options, const StepLoad& load) {
  const VisionConfig& vision = config.vision;
  const TowerShape shape{static_cast<double>(vision.width),
                         static_cast<double>(vision.mlp_width())};
  const TowerLock& lock = options.model.lock_image;
  const auto length = static_cast<double>(load.tokens_per_image);
  const double rows = static_cast<double>(load.images) * length;
  const auto patch = static_cast<double>(vision.patch_size);
  const double patches = static_cast<double>(load.images * vision.num_patches());
  const bool needs_patches = create_objective(options.objective)->needs_patches();
  const auto images = static_cast<double>(load.images);
  const double read = needs_patches || vision.reads_all_tokens() ? rows : images;
  // With micro-batches a tower is encoded again for its gradients, and patches for those of texts.
  const bool again =
      trains_something(lock, vision.layers) ||
      (needs_patches && trains_something(options.model.lock_text, config.text.layers));
  const double blocks = step_of_tower(
      [&](int64_t n) { return tower_flops(shape, n, rows, rows, read, length); }, vision.layers,
      lock, options.model.checkpointed_image_blocks, options.accum > 1 && again ? 2 : 1);
  const bool trains_embeddings = num_locked_layers(lock, vision.layers) == 0;
  return blocks + passes(trains_embeddings) * product(patches, 3 * patch * patch, shape.width) +
         passes(trains_something(lock, vision.layers)) *
             product(needs_patches ? rows : images, shape.width,
                     static_cast<double>(config.embed_dim));
}

double text_flops(const TextTowerShape& text, const TrainOptions& options, const StepLoad& load) {
  const TowerShape shape{static_cast<double>(text.blocks.width),
                         static_cast<double>(text.blocks.mlp_width)};
  const int64_t layers = text.blocks.layers;
  const TowerLock& lock = options.model.lock_text;
  const auto& [texts, rows, positions] = load.texts;
  if (texts == 0) return 0;
  const bool trained = trains_something(lock, layers);
  const double read = text.reads_all_rows ? rows : texts, length = positions / texts;
  const double blocks = step_of_tower(
      [&, rows = rows, positions = positions](int64_t n) {
        return tower_flops(shape, n, rows, positions, read, length);
      },
      layers, lock, options.model.checkpointed_text_blocks, options.accum > 1 && trained ? 2 : 1);
  return blocks + passes(trained) * product(texts, 1, static_cast<double>(text.products_per_text));
}

}  // namespace

StepFlops step_flops(const ClipConfig& config, const TrainOptions& options, const StepLoad& load) {
  return {
      .image_tower = image_flops(config, options, load),
      .text_tower = text_flops(Clip(config, c10::kMeta).text_tower().shape(), options, load),
      .objective = create_objective(options.objective)->cost(objective_load(config, load)).flops};
}

std::vector<PlannedCollective> step_collectives(const ClipConfig& config,
                                                const TrainOptions& options, const StepLoad& load) {
  if (load.ranks == 1) return {};
  constexpr double kFloat = 4;
  const double others = static_cast<double>(load.ranks - 1);
  std::vector<PlannedCollective> collectives;
  const ObjectiveCost objective =
      create_objective(options.objective)->cost(objective_load(config, load));
  for (const auto& [what, numbers] : objective.gathers) {
    collectives.push_back({"all-gather", what, 1, numbers * kFloat, numbers * kFloat * others});
  }

  const auto reduce = [&](const char* what, const std::vector<int64_t>& sizes) {
    if (sizes.empty()) return;  // the tower is locked
    double bytes = 0;
    for (const int64_t size : sizes) bytes += static_cast<double>(size) * kFloat;
    collectives.push_back({"all-reduce", what, static_cast<int64_t>(sizes.size()), bytes,
                           2 * bytes * others / static_cast<double>(load.ranks)});
  };
  const Clip shapes = training_model(config, options.model, c10::kMeta);
  const int64_t bucket_bytes = options.runtime.bucket_mb << 20;
  reduce("gradients of the text tower", bucket_sizes(shapes.text_parameters(), bucket_bytes));
  reduce("gradients of the image tower", bucket_sizes(shapes.image_parameters(), bucket_bytes));
  reduce("gradient of the logit scale", {1});
  return collectives;
}

}  // namespace dermatome
