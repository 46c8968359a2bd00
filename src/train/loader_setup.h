// How a training run reads its data sets.
#pragma once

#include "sharding/dataset.h"
#include "src/data/batch_texts.h"
#include "src/data/loader.h"
#include "src/distributed/collectives.h"
#include "src/model/clip.h"

namespace dermatome {

struct ObjectiveOptions;
struct TrainOptions;

// How the loader cuts a data set for this rank; `training` as LoaderOptions says.
LoaderOptions loader_options(const TrainOptions& options, const Clip& model,
                             const Collectives& collectives, bool training);

// Which captions become texts: for `released` or `negatives: all` missing ones too, and the raw one
// alone without MKCL and local alignment.
TextSelection text_selection(const ObjectiveOptions& objective);

// Throws ConfigError unless the shards hold as many captions a sample as the objective expects.
void check_num_captions(const ShardedDataset& dataset, const ObjectiveOptions& objective);

}  // namespace dermatome
