// What a benchmark's file says. Read from YAML by src/config/benchmark_config.h; a field's key is
// its name unless a comment says otherwise.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dermatome {

enum class BenchmarkKind { kClassification, kConcepts, kRetrieval };
// A benchmark of role test is reported, never used to choose a checkpoint.
enum class BenchmarkRole { kValidation, kTest };
// A row whose label is no class, or whose concept's cell is empty: an error, or left out and
// counted.
enum class UnlistedLabels { kFail, kIgnore };

struct BenchmarkClass {
  std::string label;               // as in the data's label column; a concept's column
  std::vector<std::string> names;  // fill the templates; several are averaged

  bool operator==(const BenchmarkClass&) const = default;
};

struct BenchmarkOptions {
  std::string file;  // absolute; no key
  std::string name;
  BenchmarkKind kind = BenchmarkKind::kClassification;  // classification | concepts | retrieval
  BenchmarkRole role = BenchmarkRole::kTest;            // validation | test
  std::string csv;                                      // data.csv, absolute after loading
  std::string images;                      // data.images: folder that image paths are relative to
  std::string image_column = "filename";   // data.image_column
  std::string label_column = "label";      // data.label_column (classification)
  std::string caption_column = "caption";  // data.caption_column (retrieval)
  // data.group_column: pictures of one patient or lesion, which confidence intervals resample
  // together; empty: every picture by itself.
  std::string group_column;
  std::vector<std::string> slice_columns;  // data.slice_columns: scores apart for their values
  int64_t min_slice = 30;                  // pictures a slice needs to get scores
  UnlistedLabels unlisted_labels = UnlistedLabels::kFail;  // fail | ignore
  std::vector<BenchmarkClass> classes;                     // or, for kind concepts, `concepts`
  std::vector<std::string> templates;                      // with {} for the class name
  // Concepts: one prompt without a concept for each template, at the same place.
  std::vector<std::string> references;
  // Concepts: of the softmax between target and reference; 1 / exp(4.5944).
  double temperature = 0.010108283932210891;
  // Classification: top1, top5, balanced_accuracy, weighted_f1, auroc. Concepts: auroc. Retrieval:
  // R@K, mean_rank, median_rank.
  std::vector<std::string> metrics;
  int64_t bootstrap = 1000;  // resamples for 95 % confidence intervals; 0: none

  bool operator==(const BenchmarkOptions&) const = default;
};

}  // namespace dermatome
