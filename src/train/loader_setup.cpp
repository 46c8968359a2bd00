#include "src/train/loader_setup.h"

#include "src/config/train_options.h"
#include "src/core/caption_rows.h"
#include "src/core/error.h"
#include "src/core/row_range.h"
#include "src/data/patch_dropout.h"
#include "src/objective/caption_terms.h"

namespace dermatome {

TextSelection text_selection(const ObjectiveOptions& objective) {
  return {.texts_for_missing = missing_are_negatives(objective),
          .only_raw_caption = !objective.mkcl && !objective.local_alignment};
}

LoaderOptions loader_options(const TrainOptions& options, const Clip& model,
                             const Collectives& collectives, bool training) {
  LoaderOptions loader;
  loader.seed = options.seed;
  loader.global_batch = options.batch_size;
  const Span own = part_of_rows(options.batch_size, collectives.rank(), collectives.size());
  loader.first = own.begin;
  loader.count = own.size;
  loader.image_size = model.config().vision.image_size;
  loader.training = training;
  if (training && options.model.patch_dropout > 0) {
    loader.num_patches = model.config().vision.num_patches();
    loader.kept_patches = num_kept_patches(loader.num_patches, options.model.patch_dropout);
  }
  loader.texts = text_selection(options.objective);
  loader.data = options.data;
  loader.augmentation = options.augmentation;
  return loader;
}

void check_num_captions(const ShardedDataset& dataset, const ObjectiveOptions& objective) {
  const int64_t num_subcaptions = dataset.num_captions() - kFirstSubcaption;
  if (num_subcaptions != objective.num_subcaptions) {
    throw ConfigError("objective.num_subcaptions is " + std::to_string(objective.num_subcaptions) +
                      ", but the shards in " + dataset.sources().front().directory.string() +
                      " hold " + std::to_string(num_subcaptions));
  }
}

}  // namespace dermatome
