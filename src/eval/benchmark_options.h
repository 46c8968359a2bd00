// What a benchmark's file says. Read from YAML by src/eval/benchmark_file.h; a field's key is its
// name unless a comment says otherwise.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/config/benchmark_class.h"
#include "src/eval/kinds/kinds.h"

namespace dermatome {

// A benchmark of role test is reported, never used to choose a checkpoint.
enum class BenchmarkRole { kValidation, kTest };
// What happens to a row whose label is no class, or to an empty cell of a concept: it is an error,
// or it is left out and counted.
enum class UnlistedLabels { kFail, kIgnore };

struct BenchmarkOptions {
  std::string file;            // absolute; no key
  std::string listed_prompts;  // prompts_hash() of those that the file itself lists; no key
  std::string name;
  const BenchmarkKind* kind = &classification_kind();  // the name of one of benchmark_kinds()
  BenchmarkRole role = BenchmarkRole::kTest;           // validation | test
  std::string csv;                                     // data.csv, absolute after loading
  std::string images;                     // data.images: folder that image paths are relative to
  std::string image_column = "filename";  // data.image_column
  // data.group_column: images of one patient or lesion, which confidence intervals resample
  // together; empty: every image by itself.
  std::string group_column;
  std::vector<std::string> slice_columns;  // data.slice_columns: each value gets its own scores
  int64_t min_slice = 30;                  // images that a slice needs to get scores
  std::vector<std::string> metrics;        // each kind has its own
  int64_t bootstrap = 1000;                // resamples for 95 % confidence intervals; 0: none

  // Each kind uses some of the fields below: BenchmarkKind::fields() says which.
  std::string label_column = "label";                      // data.label_column
  std::string caption_column = "caption";                  // data.caption_column
  UnlistedLabels unlisted_labels = UnlistedLabels::kFail;  // fail | ignore
  std::vector<BenchmarkClass> classes;  // for kind concepts the key is `concepts`
  std::vector<std::string> templates;   // with {} for the class name
  std::string concept_terms;            // a JSON file of further names, relative to the key `root`
  // One prompt without a concept for each template, at the same place.
  std::vector<std::string> references;
  // Temperature of the softmax between target and reference; 1 / exp(4.5944).
  double temperature = 0.010108283932210891;

  bool operator==(const BenchmarkOptions&) const = default;
};

}  // namespace dermatome
