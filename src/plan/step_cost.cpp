#include "src/plan/step_cost.h"

#include "src/config/train_options.h"
#include "src/distributed/gradient_reducer.h"
#include "src/model/clip.h"
#include "src/objective/create_objective.h"

namespace dermatome {
namespace {

// The operations of the matrix product [n, k] [k, m].
double product(double n, double k, double m) { return 2 * n * k * m; }

struct TowerShape {
  double width, mlp_width;
  int64_t layers;
};

// One forward pass of a block over `rows` rows at `positions` positions, each of which attends to
// `length` others.
double block_flops(const TowerShape& shape, double rows, double positions, double length) {
  const double projections = product(rows, shape.width, 4 * shape.width);
  const double mlp = 2 * product(rows, shape.width, shape.mlp_width);
  return projections + mlp + 2 * product(positions, shape.width, length);
}

// One forward pass of a tower. Only `read` rows of its output are read: the last block computes
// keys and values of all rows, and all else for these rows only.
double tower_flops(const TowerShape& shape, double rows, double positions, double read,
                   double length) {
  const double last = read == rows ? block_flops(shape, rows, positions, length)
                                   : block_flops(shape, read, read, length) -
                                         product(read, shape.width, 2 * shape.width) +
                                         product(rows, shape.width, 2 * shape.width);
  return static_cast<double>(shape.layers - 1) * block_flops(shape, rows, positions, length) + last;
}

// The cost of a whole step in forward passes: a backward pass costs two.
double passes(int64_t layers, int64_t checkpointed, int64_t accum) {
  const int64_t again = num_checkpointed(checkpointed, layers);
  const double encodings = accum > 1 ? 2 : 1;
  return encodings + 2 + static_cast<double>(again) / static_cast<double>(layers);
}

double image_flops(const VisionConfig& vision, int64_t embed_dim, const TrainOptions& options,
                   const StepLoad& load) {
  const TowerShape shape{static_cast<double>(vision.width), static_cast<double>(vision.mlp_width()),
                         vision.layers};
  const auto length = static_cast<double>(load.tokens_per_image);
  const double rows = static_cast<double>(load.images) * length;
  const auto patch = static_cast<double>(vision.patch_size);
  const double patches = static_cast<double>(load.images * vision.num_patches());
  const bool needs_patches = create_objective(options.objective)->needs_patches();
  const auto images = static_cast<double>(load.images);
  const double read = needs_patches || vision.reads_all_tokens() ? rows : images;
  return tower_flops(shape, rows, rows, read, length) *
             passes(vision.layers, options.model.checkpointed_image_blocks, options.accum) +
         3 * (product(patches, 3 * patch * patch, shape.width) +
              product(needs_patches ? rows : images, shape.width, static_cast<double>(embed_dim)));
}

double text_flops(const TextTowerShape& text, const TrainOptions& options, const StepLoad& load) {
  const TowerShape shape{static_cast<double>(text.blocks.width),
                         static_cast<double>(text.blocks.mlp_width), text.blocks.layers};
  const auto& [texts, rows, positions] = load.texts;
  if (texts == 0) return 0;
  return tower_flops(shape, rows, positions, text.reads_all_rows ? rows : texts,
                     positions / texts) *
             passes(text.blocks.layers, options.model.checkpointed_text_blocks, options.accum) +
         3 * product(texts, 1, static_cast<double>(text.products_per_text));
}

}  // namespace

StepFlops step_flops(const ClipConfig& config, const TrainOptions& options, const StepLoad& load) {
  return {
      .image_tower = image_flops(config.vision, config.embed_dim, options, load),
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
    double bytes = 0;
    for (const int64_t size : sizes) bytes += static_cast<double>(size) * kFloat;
    collectives.push_back({"all-reduce", what, static_cast<int64_t>(sizes.size()), bytes,
                           2 * bytes * others / static_cast<double>(load.ranks)});
  };
  const Clip shapes(config, c10::kMeta);
  const int64_t bucket_bytes = options.runtime.bucket_mb << 20;
  reduce("gradients of the text tower", bucket_sizes(shapes.text_parameters(), bucket_bytes));
  reduce("gradients of the image tower", bucket_sizes(shapes.image_parameters(), bucket_bytes));
  reduce("gradient of the logit scale", {1});
  return collectives;
}

}  // namespace dermatome
