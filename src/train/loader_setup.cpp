#include "src/train/loader_setup.h"

#include "src/config/train_options.h"
#include "src/core/row_range.h"
#include "src/data/patch_dropout.h"
#include "src/objective/create_objective.h"

namespace dermatome {

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
  loader.texts = create_objective(options.objective)->text_selection();
  loader.data = options.data;
  loader.augmentation = options.augmentation;
  return loader;
}

}  // namespace dermatome
