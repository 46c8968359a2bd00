#include "src/eval/benchmark.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>

#include "src/core/error.h"
#include "src/core/rng.h"
#include "src/image/codec.h"
#include "tests/eval/embedded_tokens.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/thread_ranks.h"

namespace dermatome {
namespace {

constexpr int kNumImages = 7;

class BenchmarkRun : public testing::Test {
 protected:
  BenchmarkRun() : folder_(scratch_folder()), model_(tiny_config(), c10::kCPU) {
    model_.initialise(3);
    std::ofstream csv(folder_ / "table.csv");
    csv << "filename,label,caption\n";
    for (int i = 0; i < kNumImages; ++i) {
      const std::string name = std::to_string(i) + ".jpg";
      write_image(name, static_cast<uint64_t>(i));
      csv << name << "," << (i % 2 == 0 ? "even" : "odd") << ",picture number " << i << "\n";
    }
  }

  static ClipConfig tiny_config() {
    ClipConfig config;
    config.embed_dim = 16;
    config.vision = {.image_size = 16, .patch_size = 8, .width = 32, .layers = 1, .head_width = 16};
    config.text.width = 32;
    config.text.heads = 2;
    config.text.layers = 1;
    return config;
  }

  void write_image(const std::string& name, uint64_t seed) {
    Image image{18, 20, std::vector<uint8_t>(18 * 20 * 3)};
    Rng rng(seed, RngPurpose::kTest);
    for (auto& value : image.pixels) value = static_cast<uint8_t>(rng.below(256));
    const auto bytes = encode_jpeg(image, 90);
    std::ofstream(folder_ / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }

  BenchmarkOptions classification() const {
    BenchmarkOptions options;
    options.name = "parity";
    options.csv = (folder_ / "table.csv").string();
    options.images = folder_.string();
    options.classes = {{"even", {"an even number", "a pair"}}, {"odd", {"an odd number"}}};
    options.templates = {"a picture of {}.", "{}"};
    options.metrics = {"top1", "balanced_accuracy", "auroc"};
    return options;
  }

  BenchmarkOptions retrieval() const {
    BenchmarkOptions options = classification();
    options.kind = BenchmarkKind::kRetrieval;
    options.metrics = {"recall@1", "recall@3", "mean_rank"};
    return options;
  }

  // A retrieval benchmark whose pictures have these captions.
  BenchmarkOptions with_captions(const std::vector<std::string>& captions) const {
    std::ofstream csv(folder_ / "captions.csv");
    csv << "filename,caption\n";
    for (size_t i = 0; i < captions.size(); ++i) csv << i << ".jpg," << captions[i] << "\n";
    BenchmarkOptions options = retrieval();
    options.csv = (folder_ / "captions.csv").string();
    return options;
  }

  // Runs on `num_ranks` ranks and scores; nothing but rank 0 may have a scoring.
  BenchmarkResult run(const BenchmarkOptions& options, int num_ranks, int64_t batch_size) {
    const Benchmark benchmark(options);
    std::mutex mutex;
    std::vector<Scoring> scorings;
    run_ranks(num_ranks, [&](Collectives& collectives) {
      Scoring scoring =
          benchmark.run(model_, tokenizer_, collectives, batch_size, Precision::kFp32);
      EXPECT_EQ(static_cast<bool>(scoring), collectives.rank() == 0);
      const std::lock_guard lock(mutex);
      if (scoring) scorings.push_back(std::move(scoring));
    });
    return scorings.at(0)();
  }

  std::filesystem::path folder_;
  Clip model_;
  Tokenizer tokenizer_;
};

TEST_F(BenchmarkRun, ScoresEverySampleWhateverRanksAndBatchSize) {
  for (const auto& options : {classification(), retrieval()}) {
    const BenchmarkResult expected = run(options, 1, 100);
    EXPECT_EQ(expected.num_samples, kNumImages);
    EXPECT_FALSE(expected.scores.empty());
    for (const int num_ranks : {1, 2, 3, 4}) {
      for (const int64_t batch_size : {2, 100}) {
        const BenchmarkResult result = run(options, num_ranks, batch_size);
        EXPECT_EQ(result.num_samples, kNumImages);
        EXPECT_EQ(result.scores, expected.scores) << num_ranks << " ranks, batch " << batch_size;
      }
    }
  }
}

TEST_F(BenchmarkRun, EncodesEqualTextsOnOneRankOnly) {
  const auto embedded = [&](const std::vector<std::string>& captions) {
    const EmbeddedTokens tokens;
    run(with_captions(captions), 2, 100);
    return tokens.count();
  };
  const int64_t once = embedded({"red", "a blue blister"});
  EXPECT_GT(once, 0);
  EXPECT_EQ(embedded({"red", "a blue blister", "a blue blister", "red", "Red", "red"}), once);
}

TEST_F(BenchmarkRun, GivesEqualTextsTheirFeaturesInTheTablesOrder) {
  const BenchmarkOptions shared = with_captions({"red", "blue", "red", "a blue blister"});
  const BenchmarkResult expected = run(shared, 1, 100);
  EXPECT_EQ(expected.scores.at("image_to_text_tied"), 0.5);
  for (const int num_ranks : {2, 3, 4}) {
    EXPECT_EQ(run(shared, num_ranks, 1).scores, expected.scores) << num_ranks << " ranks";
  }
}

TEST_F(BenchmarkRun, MoreRanksThanSamplesWork) {
  EXPECT_EQ(run(classification(), 9, 4).scores, run(classification(), 1, 4).scores);
}

TEST_F(BenchmarkRun, UnreadableImageFailsTheScoringAndNoCollective) {
  std::ofstream(folder_ / "6.jpg") << "not a picture";
  try {
    run(classification(), 3, 4);
    FAIL() << "scored an unreadable image";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("rank 2"));
  }
}

TEST_F(BenchmarkRun, LabelOutsideTheClassesIsNamedWithItsLine) {
  std::ofstream(folder_ / "table.csv", std::ios::app) << "0.jpg,prime,x\n";
  try {
    const Benchmark benchmark(classification());
    FAIL() << "took a label that is no class";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(),
                testing::AllOf(testing::HasSubstr("table.csv:9"), testing::HasSubstr("'prime'")));
  }
}

TEST_F(BenchmarkRun, EmptyTableIsRefused) {
  std::ofstream(folder_ / "table.csv") << "filename,label,caption\n";
  EXPECT_THROW(Benchmark{classification()}, DataError);
}

}  // namespace
}  // namespace dermatome
