// A classification benchmark's data as a linear probe uses them: images' features and labels.
#pragma once

#include <string>
#include <vector>

#include "src/eval/benchmark_options.h"
#include "src/eval/benchmark_table.h"
#include "src/eval/probe/draws.h"
#include "src/eval/probe/options.h"

namespace dermatome {

class Clip;

struct LabeledSet {
  BenchmarkOptions options;
  BenchmarkTable table;
  LabeledFeatures samples;  // `features` after encode_set()
  std::string hash;         // of the table and the images, after encode_set()

  std::vector<std::string> labels() const;  // of the classes
};

// Reads the benchmark's file and table. `train`: the set whose classes it must have; null: any.
// Throws ConfigError, DataError.
LabeledSet read_labeled_set(const std::string& path, const LabeledSet* train);

// Encodes the images. Throws DataError.
void encode_set(LabeledSet& set, const Clip& model, const ProbeOptions& options);

}  // namespace dermatome
