#include "src/eval/probe/labeled_set.h"

#include <ATen/ATen.h>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/eval/benchmark_file.h"
#include "src/eval/data_hash.h"
#include "src/eval/encode.h"
#include "src/eval/kinds/classification.h"

namespace dermatome {

std::vector<std::string> LabeledSet::labels() const {
  std::vector<std::string> labels;
  for (const auto& entry : options.classes) labels.push_back(entry.label);
  return labels;
}

LabeledSet read_labeled_set(const std::string& path, const LabeledSet* train) {
  LabeledSet set;
  set.options = load_benchmark(path);
  if (set.options.kind != &classification_kind()) {
    throw ConfigError(path + ": kind must be classification for a linear probe");
  }
  if (train != nullptr && set.labels() != train->labels()) {
    throw ConfigError(text(path, ": classes must have the labels of the training set ",
                           train->options.name, ", in the same order"));
  }
  set.table = read_benchmark_table(set.options);
  set.samples.labels = at::tensor(truth_of<ClassLabels>(set.table).labels, at::kLong);
  return set;
}

void encode_set(LabeledSet& set, const Clip& model, const ProbeOptions& options) {
  std::vector<uint32_t> checksums(set.table.images.size());
  set.samples.features =
      encode_image_files(model, set.table.images, options.batch_size, options.precision, checksums,
                         /*after_batch=*/{},
                         options.normalize ? FeatureScale::kNormalized : FeatureScale::kRaw)
          .cpu();
  set.hash = data_hash(set.table, checksums);
}

}  // namespace dermatome
