// Follows src/eval/EXTENDING.md: adds a kind of benchmark that the program does not have, and tests
// it from its YAML file to its result.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "src/config/field_reader.h"
#include "src/config/model_options.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/hash.h"
#include "src/eval/benchmark.h"
#include "src/eval/benchmark_features.h"
#include "src/eval/benchmark_file.h"
#include "src/eval/benchmark_result.h"
#include "src/eval/bootstrap.h"
#include "src/eval/data_hash.h"
#include "src/eval/kinds/class_list.h"
#include "src/eval/kinds/kind.h"
#include "src/eval/table_images.h"
#include "src/image/codec.h"
#include "src/model/clip.h"
#include "src/run/evaluation_log.h"
#include "src/text/clip_tokenizer.h"
#include "src/text/csv_reader.h"
#include "src/watch/criterion.h"
#include "tests/eval/tiny_clip.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/thread_ranks.h"

namespace dermatome {
namespace {

using testing::HasSubstr;

// Every image has a grade. An image is nearer to the prompt the higher its grade is.
struct Grades final : Truth {
  std::vector<double> grades;  // [images]
};

class GradeRows final : public RowReader {
 public:
  GradeRows(const BenchmarkOptions& options, const CsvReader& table)
      : column_(table.column(options.label_column)) {}

  void add(const CsvRow& row, TableImages& images) override {
    const std::string& cell = row.fields[column_];
    if (cell.empty()) {
      images.leave_out("", images.where(row) + ": there is no grade; write one");
      return;
    }
    images.add(row);
    grades_->grades.push_back(std::atof(cell.c_str()));
  }

  std::shared_ptr<const Truth> finish() override { return grades_; }

 private:
  size_t column_;
  std::shared_ptr<Grades> grades_ = std::make_shared<Grades>();
};

// Of all pairs of images with different grades, `order` is the share whose cosines have the order
// of the grades, and `disorder` the share whose cosines have the opposite order.
class GradeScorer final : public Scorer {
 public:
  GradeScorer(const BenchmarkOptions& options, const BenchmarkTable& table,
              const BenchmarkFeatures& features)
      : options_(options), grades_(truth_of<Grades>(table).grades) {
    for (int64_t i = 0; i < features.images.size(0); ++i) {
      cosines_.push_back(features.images[i].dot(features.texts[0]).item<double>());
    }
  }

  Scores scores(std::span<const double> weights) const override {
    double right = 0;
    double wrong = 0;
    double all = 0;
    for (size_t i = 0; i < grades_.size(); ++i) {
      for (size_t j = 0; j < grades_.size(); ++j) {
        if (grades_[i] >= grades_[j]) continue;
        all += weights[i] * weights[j];
        if (cosines_[i] < cosines_[j]) right += weights[i] * weights[j];
        if (cosines_[i] > cosines_[j]) wrong += weights[i] * weights[j];
      }
    }
    Scores scores;
    for (const std::string& metric : options_.metrics) {
      scores[metric] = (metric == "order" ? right : wrong) / all;
    }
    return scores;
  }

  void describe(nlohmann::ordered_json& details,
                std::map<std::string, Interval>& /*intervals*/) const override {
    details["grades"] = grades_;
  }

 private:
  const BenchmarkOptions& options_;
  const std::vector<double>& grades_;
  std::vector<double> cosines_;  // [images]
};

class ToyKind final : public BenchmarkKind {
 public:
  std::string_view name() const override { return "grades"; }
  std::vector<Field> fields(BenchmarkOptions& o) const override {
    return {{"data.grade_column", &o.label_column},
            {"unlisted_labels", choice(o.unlisted_labels, {"fail", "ignore"})},
            {"templates", &o.templates}};
  }
  // A file prompt.txt replaces the prompt.
  void complete(BenchmarkOptions& o, const std::filesystem::path& folder) const override {
    if (std::filesystem::exists(folder / "prompt.txt")) {
      o.templates = {read_file(folder / "prompt.txt")};
    }
  }
  void check(const BenchmarkOptions& o, const FieldReader& reader) const override {
    check_column(o.label_column, "data.grade_column", reader);
    if (o.templates.size() != 1) reader.fail("templates", "must hold one prompt");
  }
  bool is_metric(const std::string& metric) const override {
    return metric == "order" || metric == "disorder";
  }
  std::string known_metrics() const override { return "order, disorder"; }
  bool lower_is_better(std::string_view score) const override { return score == "disorder"; }
  std::unique_ptr<RowReader> open_rows(const BenchmarkOptions& options,
                                       const CsvReader& table) const override {
    return std::make_unique<GradeRows>(options, table);
  }
  std::vector<std::string> texts(const BenchmarkOptions& options,
                                 const BenchmarkTable& /*table*/) const override {
    return options.templates;
  }
  std::unique_ptr<Scorer> make_scorer(const BenchmarkOptions& options, const BenchmarkTable& table,
                                      const BenchmarkFeatures& features) const override {
    return std::make_unique<GradeScorer>(options, table, features);
  }
  void add_hashes(nlohmann::ordered_json& hashes, const BenchmarkOptions& options) const override {
    hashes["prompt"] = texts_hash(options.templates);
  }
};

class ToyBenchmark : public testing::Test {
 protected:
  ToyBenchmark() : folder_(scratch_folder()) {
    std::ofstream(folder_ / "grades.csv")
        << "filename,grade,site\n0.jpg,3,arm\n1.jpg,1,arm\n2.jpg,,leg\n3.jpg,2,leg\n";
    for (int i = 0; i < 4; ++i) {
      const Image image{16, 16, std::vector<uint8_t>(16 * 16 * 3, static_cast<uint8_t>(60 * i))};
      const auto bytes = encode_jpeg(image, 90);
      std::ofstream(folder_ / (std::to_string(i) + ".jpg"), std::ios::binary)
          .write(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::streamsize>(bytes.size()));
    }
  }

  BenchmarkOptions load(const std::string& kind, const std::string& keys) const {
    std::ofstream(folder_ / "toy.yaml")
        << "name: toy\nkind: " << kind << "\nmin_slice: 1\nbootstrap: 20\n"
        << "data: {csv: grades.csv, images: ., grade_column: grade, slice_columns: [site]}\n"
        << "unlisted_labels: ignore\n"
        << keys;
    return load_benchmark(folder_ / "toy.yaml", kinds_);
  }

  std::string complaint(const std::string& kind, const std::string& keys) const {
    try {
      load(kind, keys);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "none";
  }

  ToyKind toy_;
  std::array<const BenchmarkKind*, 2> kinds_ = {&classification_kind(), &toy_};
  std::filesystem::path folder_;
};

TEST_F(ToyBenchmark, IsReadAndItsKeysAreItsOwn) {
  const BenchmarkOptions options = load("grades", "templates: [a severe case]\nmetrics: [order]\n");
  EXPECT_EQ(options.kind, &toy_);
  EXPECT_EQ(options.label_column, "grade");
  EXPECT_THAT(complaint("grades", "templates: [a]\nmetrics: [top1]"),
              HasSubstr("contains 'top1', which is not one of order"));
  EXPECT_THAT(complaint("grades", "templates: [a]\nclasses: []\nmetrics: [order]"),
              HasSubstr("classes = [] is of no use for kind: grades"));
  EXPECT_THAT(complaint("classification", "metrics: [top1]"),
              HasSubstr("data.grade_column = grade is of no use for kind: classification"));
  EXPECT_THAT(complaint("other", ""), HasSubstr("is not one of classification, grades"));
}

TEST_F(ToyBenchmark, IsScoredOnAnyNumberOfRanks) {
  const Benchmark benchmark(load("grades", "templates: [a severe case]\nmetrics: [order]\n"));
  Clip model(tiny_config(), c10::kCPU);
  model.initialize(3);
  const ClipTokenizer tokenizer;
  std::vector<BenchmarkResult> results;
  for (const int num_ranks : {1, 2}) {
    std::mutex mutex;
    run_ranks(num_ranks, [&](Collectives& collectives) {
      const Scoring scoring =
          benchmark.run(model, tokenizer, collectives, /*batch_size=*/2, Precision::kFp32);
      const std::lock_guard lock(mutex);
      if (scoring) results.push_back(scoring({}));
    });
  }
  ASSERT_EQ(results.size(), 2);
  EXPECT_EQ(results[0].scores, results[1].scores);
  // Compared as text: the score of a slice of one image is NaN, which is not equal to itself.
  EXPECT_EQ(results[0].details.dump(), results[1].details.dump());
  EXPECT_EQ(results[0].num_samples, 3);
  const auto& details = results[0].details;
  EXPECT_EQ(details.at("kind"), "grades");
  EXPECT_THAT(details.at("grades"), testing::ElementsAre(3, 1, 2));
  EXPECT_TRUE(details.at("intervals").contains("order"));
  EXPECT_EQ(details.at("slices").at("site")[0].at("n"), 2);
  EXPECT_TRUE(details.at("hashes").contains("prompt"));
}

TEST_F(ToyBenchmark, ChoosesACheckpointByAScoreThatIsBetterLow) {
  const BenchmarkOptions options =
      load("grades", "role: validation\ntemplates: [a]\nmetrics: [order, disorder]\n");
  const Definition definition = {"toy", "hash"};
  const std::vector<ScoredCheckpoint> checkpoints = {{4, "a"}, {8, "b"}, {12, "c"}};
  const std::vector<double> orders = {0.2, 0.9, 0.5};
  EvaluationLog log(folder_);
  for (size_t i = 0; i < orders.size(); ++i) {
    log.add(checkpoints[i], definition,
            {{"scores", {{"order", orders[i]}, {"disorder", 1 - orders[i]}}}});
  }
  for (const std::string score : {"order", "disorder"}) {
    const Criterion criterion = parse_criterion("toy:" + score, {&options}, {definition});
    EXPECT_EQ(log.best_step(criterion, checkpoints), 8) << score;
  }
}

TEST_F(ToyBenchmark, HashCoversFurtherFiles) {
  const auto hash = [&] {
    return Benchmark(load("grades", "templates: [a]\nmetrics: [order]\n")).hash(Precision::kFp32);
  };
  const std::string listed = hash();
  EXPECT_EQ(listed, sha256_hex(read_file(folder_ / "toy.yaml") + read_file(folder_ / "grades.csv") +
                               classes_hash({}) + "fp32"));
  write_file_atomically(folder_ / "prompt.txt", "mild");
  const std::string mild = hash();
  write_file_atomically(folder_ / "prompt.txt", "severe");
  EXPECT_NE(hash(), mild);
  EXPECT_NE(hash(), listed);
}

TEST_F(ToyBenchmark, CountsPairsInOrder) {
  const BenchmarkOptions options = load("grades", "templates: [a]\nmetrics: [order, disorder]\n");
  const BenchmarkTable table = read_benchmark_table(options);
  EXPECT_EQ(table.unlisted.at(""), 1);
  BenchmarkFeatures features;
  features.texts = at::tensor({1.0F}).view({1, 1});
  features.images = at::tensor({0.9F, 0.5F, 0.2F}).view({3, 1});  // grades 3, 1, 2
  features.checksums = {0, 0, 0};
  const BenchmarkResult result = score_benchmark(options, table, features, {});
  EXPECT_NEAR(result.scores.at("order"), 2.0 / 3, 1e-12);
  EXPECT_NEAR(result.scores.at("disorder"), 1.0 / 3, 1e-12);
}

}  // namespace
}  // namespace dermatome
