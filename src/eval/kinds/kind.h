// A kind of benchmark. Everything in which kinds differ is behind this class, and each kind is one
// file of this folder. src/eval/EXTENDING.md says how to add one.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/config/field.h"
#include "src/eval/benchmark_options.h"
#include "src/eval/benchmark_table.h"
#include "src/eval/kinds/scorer.h"

namespace at {
class Tensor;
}

namespace dermatome {

class CsvReader;
class FieldReader;
class TableImages;
struct BenchmarkFeatures;
struct CsvRow;

// Takes the rows of one benchmark's table.
class RowReader {
 public:
  virtual ~RowReader() = default;
  // Adds the row's image to `images` and keeps what is true of it, or leaves the row out. Throws
  // DataError.
  virtual void add(const CsvRow& row, TableImages& images) = 0;
  // Returns what is true of all images. Called once, after the last row.
  virtual std::shared_ptr<const Truth> finish() = 0;
};

// A class as an image shows it.
struct RankedClass {
  std::string label;
  std::string name;  // the first of the class's names
  double cosine = 0;
  std::optional<double> presence;  // only from a kind that has it
};

// How a kind ranks its classes for images that no table describes.
struct ImageRanking {
  std::string list;  // what the classes are called: "classes"
  std::string note;  // what the numbers do not mean
  std::vector<std::string> prompts;
  // Returns all classes for each of the images [n, d], the highest rank first. `texts` are the
  // features of the prompts.
  std::function<std::vector<std::vector<RankedClass>>(const at::Tensor& images,
                                                      const at::Tensor& texts)>
      rank;
};

class BenchmarkKind {
 public:
  virtual ~BenchmarkKind() = default;

  // The name that the key `kind` takes.
  virtual std::string_view name() const = 0;

  // The file. Returns the keys of `options` that this kind reads, without those that all kinds
  // read. Keys that only other kinds read are refused.
  virtual std::vector<Field> fields(BenchmarkOptions& options) const = 0;
  // Reads what further files say, whose paths are relative to `folder`. Throws ConfigError.
  virtual void complete(BenchmarkOptions& /*options*/,
                        const std::filesystem::path& /*folder*/) const {}
  // Complains of values by reader.fail(). `metrics` are checked by is_metric().
  virtual void check(const BenchmarkOptions& options, const FieldReader& reader) const = 0;
  virtual bool is_metric(const std::string& metric) const = 0;
  virtual std::string known_metrics() const = 0;  // for a message

  // The data. Finds the columns. `options` outlives the reader. Throws DataError.
  virtual std::unique_ptr<RowReader> open_rows(const BenchmarkOptions& options,
                                               const CsvReader& table) const = 0;
  // The texts that images are compared with.
  virtual std::vector<std::string> texts(const BenchmarkOptions& options,
                                         const BenchmarkTable& table) const = 0;

  // The result. Arguments outlive the scorer.
  virtual std::unique_ptr<Scorer> make_scorer(const BenchmarkOptions& options,
                                              const BenchmarkTable& table,
                                              const BenchmarkFeatures& features) const = 0;
  // The names of the scores that the metrics give.
  virtual std::vector<std::string> score_names(const BenchmarkOptions& options) const {
    return options.metrics;
  }
  // Whether this score is better when it is lower.
  virtual bool lower_is_better(std::string_view /*score*/) const { return false; }
  // Adds hashes of what the scores depend on in addition to the table and the images, also of all
  // that further files say.
  virtual void add_hashes(nlohmann::ordered_json& /*hashes*/,
                          const BenchmarkOptions& /*options*/) const {}

  // CLIP_benchmark's name of the task (empty if it has none), and its name of a score.
  virtual std::string clip_benchmark_task() const { return {}; }
  virtual std::string clip_benchmark_metric(const std::string& score) const { return score; }

  // nullopt: this kind needs a table.
  virtual std::optional<ImageRanking> ranking(const BenchmarkOptions& /*options*/) const {
    return std::nullopt;
  }
};

}  // namespace dermatome
