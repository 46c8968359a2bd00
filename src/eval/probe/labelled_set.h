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

struct LabelledSet {
  BenchmarkOptions options;
  BenchmarkTable table;
  LabelledFeatures samples;  // `features` when they are encoded
  std::string hash;          // of the table and the images, when they are encoded

  std::vector<std::string> labels() const;  // of the classes
};

// Reads the benchmark's file and table. `train`: the set whose classes it must have; null: any.
// Throws ConfigError, DataError.
LabelledSet read_labelled_set(const std::string& path, const LabelledSet* train);

// Encodes the images. Throws DataError.
void encode_set(LabelledSet& set, const Clip& model, const ProbeOptions& options);

}  // namespace dermatome
