#include "src/eval/kinds/retrieval.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <utility>

#include "src/eval/benchmark_features.h"
#include "src/eval/bootstrap.h"
#include "src/eval/kinds/class_list.h"
#include "src/eval/kinds/kind.h"
#include "src/eval/retrieval.h"
#include "src/eval/table_images.h"
#include "src/text/csv_reader.h"

namespace dermatome {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kImageToText = "image_to_text_";
constexpr const char* kTextToImage = "text_to_image_";

class CaptionRows final : public RowReader {
 public:
  CaptionRows(const BenchmarkOptions& options, const CsvReader& table)
      : column_(table.column(options.caption_column)) {}

  void add(const CsvRow& row, TableImages& images) override {
    const int64_t image = images.find_or_add(row);
    captions_.push_back({image, row.fields[column_]});
  }

  std::shared_ptr<const Truth> finish() override {
    std::ranges::stable_sort(captions_, {}, &Caption::image);
    const auto truth = std::make_shared<Captions>();
    for (auto& [image, text] : captions_) {
      truth->image_of.push_back(image);
      truth->captions.push_back(std::move(text));
    }
    return truth;
  }

 private:
  struct Caption {
    int64_t image;
    std::string text;
  };
  size_t column_;
  std::vector<Caption> captions_;
};

class RetrievalScorer final : public Scorer {
 public:
  RetrievalScorer(const BenchmarkOptions& options, const Captions& truth,
                  const BenchmarkFeatures& features)
      : options_(options),
        truth_(truth),
        retrieval_(features.images, features.texts, truth.image_of) {}

  Scores scores(std::span<const double> weights) const override {
    return retrieval_.scores(options_.metrics, weights);
  }

  Scores clip_benchmark_scores(std::span<const double> /*weights*/) const override {
    return retrieval_.clip_benchmark_scores(options_.metrics);
  }

  void describe(Json& details, std::map<std::string, Interval>& /*intervals*/) const override {
    details["num_captions"] = truth_.captions.size();
  }

 private:
  const BenchmarkOptions& options_;
  const Captions& truth_;
  Retrieval retrieval_;
};

class RetrievalKind final : public BenchmarkKind {
 public:
  std::string_view name() const override { return "retrieval"; }

  std::vector<Field> fields(BenchmarkOptions& o) const override {
    return {{"data.caption_column", &o.caption_column}};
  }

  void check(const BenchmarkOptions& o, const FieldReader& reader) const override {
    check_column(o.caption_column, "data.caption_column", reader);
  }

  bool is_metric(const std::string& metric) const override {
    if (metric == "mean_rank" || metric == "median_rank") return true;
    const std::string prefix = "R@";
    const std::string k = metric.substr(std::min(prefix.size(), metric.size()));
    return metric.starts_with(prefix) && !k.empty() && k.size() <= 9 && k[0] != '0' &&
           std::ranges::all_of(k, [](unsigned char c) { return std::isdigit(c) != 0; });
  }

  std::string known_metrics() const override { return "R@K (K >= 1), mean_rank, median_rank"; }

  std::unique_ptr<RowReader> open_rows(const BenchmarkOptions& options,
                                       const CsvReader& table) const override {
    return std::make_unique<CaptionRows>(options, table);
  }

  std::vector<std::string> texts(const BenchmarkOptions& /*options*/,
                                 const BenchmarkTable& table) const override {
    return truth_of<Captions>(table).captions;
  }

  std::unique_ptr<Scorer> make_scorer(const BenchmarkOptions& options, const BenchmarkTable& table,
                                      const BenchmarkFeatures& features) const override {
    return std::make_unique<RetrievalScorer>(options, truth_of<Captions>(table), features);
  }

  std::vector<std::string> score_names(const BenchmarkOptions& options) const override {
    std::vector<std::string> names;
    for (const std::string direction : {kImageToText, kTextToImage}) {
      for (const auto& metric : options.metrics) names.push_back(direction + metric);
    }
    return names;
  }

  bool lower_is_better(std::string_view score) const override { return score.ends_with("_rank"); }

  std::string clip_benchmark_task() const override { return "zeroshot_retrieval"; }

  // CLIP_benchmark names a direction by what is found.
  std::string clip_benchmark_metric(const std::string& score) const override {
    const std::string of_images = std::string(kTextToImage) + "R@";
    const std::string of_texts = std::string(kImageToText) + "R@";
    if (score.starts_with(of_images)) {
      return "image_retrieval_recall@" + score.substr(of_images.size());
    }
    if (score.starts_with(of_texts)) {
      return "text_retrieval_recall@" + score.substr(of_texts.size());
    }
    return score;
  }
};

}  // namespace

const BenchmarkKind& retrieval_kind() {
  static const RetrievalKind kKind;
  return kKind;
}

}  // namespace dermatome
