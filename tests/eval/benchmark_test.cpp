#include "src/eval/benchmark.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

#include "src/config/model_options.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/hash.h"
#include "src/core/rng.h"
#include "src/core/text.h"
#include "src/eval/benchmark_file.h"
#include "src/eval/benchmark_result.h"
#include "src/eval/data_hash.h"
#include "src/image/codec.h"
#include "src/model/clip.h"
#include "src/text/clip_tokenizer.h"
#include "tests/eval/embedded_tokens.h"
#include "tests/eval/tiny_clip.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/thread_ranks.h"

namespace dermatome {
namespace {

constexpr int kNumImages = 7;

// Counts how often rank 0 came to a barrier.
class Meetings {
 public:
  void add() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  // Whether rank 0 came to a barrier `count` times within two minutes.
  bool wait_for(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(120), [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

// Collectives that count how often rank 0 comes to a barrier.
class WatchedBarriers final : public Collectives {
 public:
  WatchedBarriers(Collectives& inner, Meetings& meetings) : inner_(inner), meetings_(meetings) {}

  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  std::unique_ptr<PendingCollective> all_gather(at::Tensor output, const at::Tensor& input,
                                                const std::string& what) override {
    return inner_.all_gather(std::move(output), input, what);
  }
  std::unique_ptr<PendingCollective> all_reduce_sum(at::Tensor values,
                                                    const std::string& what) override {
    return inner_.all_reduce_sum(std::move(values), what);
  }
  void broadcast(at::Tensor values, int root, const std::string& what) override {
    inner_.broadcast(std::move(values), root, what);
  }
  void barrier(const std::string& what) override {
    if (rank() == 0) meetings_.add();
    inner_.barrier(what);
  }

 private:
  Collectives& inner_;
  Meetings& meetings_;
};

class BenchmarkRun : public testing::Test {
 protected:
  BenchmarkRun() : folder_(scratch_folder()), model_(tiny_config(), c10::kCPU) {
    model_.initialize(3);
    std::ofstream csv(folder_ / "table.csv");
    csv << "filename,label,caption\n";
    for (int i = 0; i < kNumImages; ++i) {
      const std::string name = std::to_string(i) + ".jpg";
      write_image(name, static_cast<uint64_t>(i));
      csv << name << "," << (i % 2 == 0 ? "even" : "odd") << ",image number " << i << "\n";
    }
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
    options.templates = {"an image of {}.", "{}"};
    options.metrics = {"top1", "balanced_accuracy", "auroc"};
    return options;
  }

  BenchmarkOptions retrieval() const {
    BenchmarkOptions options = classification();
    options.kind = &retrieval_kind();
    options.metrics = {"R@1", "R@3", "mean_rank"};
    return options;
  }

  // A retrieval benchmark whose images have these captions.
  BenchmarkOptions with_captions(const std::vector<std::string>& captions) const {
    std::ofstream csv(folder_ / "captions.csv");
    csv << "filename,caption\n";
    for (size_t i = 0; i < captions.size(); ++i) csv << i << ".jpg," << captions[i] << "\n";
    BenchmarkOptions options = retrieval();
    options.csv = (folder_ / "captions.csv").string();
    return options;
  }

  // Runs on `num_ranks` ranks and scores. Only rank 0 may have a scoring.
  BenchmarkResult run(const BenchmarkOptions& options, int num_ranks, int64_t batch_size,
                      int64_t max_bad = 0) {
    const Benchmark benchmark(options);
    std::mutex mutex;
    std::vector<Scoring> scorings;
    run_ranks(num_ranks, [&](Collectives& collectives) {
      Scoring scoring =
          benchmark.run(model_, tokenizer_, collectives, batch_size, Precision::kFp32, max_bad);
      EXPECT_EQ(static_cast<bool>(scoring), collectives.rank() == 0);
      const std::lock_guard lock(mutex);
      if (scoring) scorings.push_back(std::move(scoring));
    });
    return scorings.at(0)({});
  }

  // Writes a table of the `rows`, and the same without those of the images 1 and 5, which are
  // damaged. Expects that both have the same result, except what must differ.
  void expect_left_out(BenchmarkOptions options, const std::string& header,
                       const std::vector<std::string>& rows) {
    std::filesystem::remove(folder_ / "1.jpg");
    std::ofstream(folder_ / "5.jpg") << "not an image";
    std::ofstream whole(folder_ / "whole.csv");
    std::ofstream part(folder_ / "part.csv");
    whole << header;
    part << header;
    for (const std::string& row : rows) {
      whole << row;
      if (row[0] != '1' && row[0] != '5') part << row;
    }
    whole.close();
    part.close();
    options.csv = (folder_ / "part.csv").string();
    BenchmarkResult expected = run(options, 1, 100);
    EXPECT_EQ(expected.num_samples, kNumImages - 2);
    options.csv = (folder_ / "whole.csv").string();
    for (const int num_ranks : {1, 2, 3, 9}) {
      BenchmarkResult result = run(options, num_ranks, 2, /*max_bad=*/2);
      EXPECT_EQ(result.num_samples, expected.num_samples);
      EXPECT_EQ(result.scores, expected.scores) << num_ranks << " ranks";
      const auto unreadable = result.details.at("unreadable");
      EXPECT_EQ(unreadable.at("count"), 2);
      EXPECT_EQ(unreadable.at("images").at(0).at("image"), "1.jpg");
      EXPECT_EQ(unreadable.at("images").at(1).at("image"), "5.jpg");
      EXPECT_THAT(unreadable.at("images").at(1).at("reason"), testing::HasSubstr("neither JPEG"));
      EXPECT_NE(result.details.at("hashes").at("data"), expected.details.at("hashes").at("data"));
      for (const char* other : {"unreadable", "hashes"}) result.details.erase(other);
      auto details = expected.details;
      details.erase("hashes");
      // As text, in which a score that does not exist equals itself.
      EXPECT_EQ(result.details.dump(), details.dump()) << num_ranks << " ranks";
    }
  }

  std::filesystem::path folder_;
  Clip model_;
  ClipTokenizer tokenizer_;
};

TEST_F(BenchmarkRun, ScoresEverySampleForAnyNumberOfRanksAndAnyBatchSize) {
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

TEST_F(BenchmarkRun, AnUnreadableImageFailsTheScoringButNoCollective) {
  std::ofstream(folder_ / "6.jpg") << "not an image";
  try {
    run(classification(), 3, 4);
    FAIL() << "scored an unreadable image";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("rank 2"));
  }
}

TEST_F(BenchmarkRun, LeavesOutUnreadableImagesOfAClassification) {
  BenchmarkOptions options = classification();
  options.group_column = "patient";
  options.slice_columns = {"tone"};
  options.min_slice = 1;
  std::vector<std::string> rows;
  for (const char* image : {"0", "1", "2", "3", "4", "5", "6"}) {
    const int i = image[0] - '0';
    rows.push_back(
        text(image, ".jpg,", i % 2 == 0 ? "even" : "odd", ",p", i / 2, ",", i % 3, "\n"));
  }
  expect_left_out(options, "filename,label,patient,tone\n", rows);
}

TEST_F(BenchmarkRun, LeavesOutTheCaptionsOfUnreadableImages) {
  std::vector<std::string> rows;
  for (const char* image : {"3", "1", "0", "6", "5", "4", "2"}) {
    rows.push_back(text(image, ".jpg,seen in ", image, "\n"));
    rows.push_back(text(image, ".jpg,shared by two of ", image[0] % 2, "\n"));
  }
  rows.push_back("1.jpg,a caption of no other image\n");
  std::ranges::stable_sort(rows, {}, [](const std::string& row) { return row[0]; });
  expect_left_out(retrieval(), "filename,caption\n", rows);
}

TEST_F(BenchmarkRun, LeavesOutTheConceptsOfUnreadableImages) {
  BenchmarkOptions options = classification();
  options.kind = &concepts_kind();
  options.classes = {{"papule", {"papule", "bump"}}, {"scale", {"scale"}}};
  options.references = {"skin", "nothing"};
  options.metrics = {"auroc"};
  std::vector<std::string> rows;
  for (int i = 0; i < kNumImages; ++i) {
    rows.push_back(text(i, ".jpg,", i % 2, ",", i % 3 / 2, "\n"));
  }
  expect_left_out(options, "filename,scale,papule\n", rows);
}

TEST_F(BenchmarkRun, MoreUnreadableImagesThanAllowedAreAnError) {
  for (const char* name : {"1.jpg", "5.jpg"}) std::ofstream(folder_ / name) << "not an image";
  for (const int num_ranks : {1, 3}) {
    EXPECT_THAT(
        [&] { run(classification(), num_ranks, 2, /*max_bad=*/1); },
        testing::ThrowsMessage<DataError>(testing::AllOf(
            testing::HasSubstr("at least 2 images cannot be read"),
            testing::HasSubstr("--max-bad allows 1"), testing::HasSubstr(".jpg: neither JPEG"))))
        << num_ranks << " ranks";
  }
  for (int i = 0; i < kNumImages; ++i) std::filesystem::remove(folder_ / text(i, ".jpg"));
  EXPECT_THAT([&] { run(classification(), 2, 2, /*max_bad=*/100); },
              testing::ThrowsMessage<DataError>(testing::HasSubstr("none of its images")));
}

TEST_F(BenchmarkRun, SaysThatAllImagesCouldBeRead) {
  const BenchmarkResult expected = run(classification(), 1, 100);
  EXPECT_FALSE(expected.details.contains("unreadable"));
  BenchmarkResult result = run(classification(), 2, 2, /*max_bad=*/3);
  EXPECT_EQ(result.details.at("unreadable").at("count"), 0);
  result.details.erase("unreadable");
  EXPECT_EQ(result.details.dump(), expected.details.dump());
}

TEST_F(BenchmarkRun, FeaturesThatAreNotFiniteFailTheScoringButNoCollective) {
  for (const auto& parameter : model_.parameters()) {
    if (parameter.name == "visual.proj") parameter.value.detach()[0][0].fill_(NAN);
  }
  EXPECT_THAT([&] { run(classification(), 3, 4); },
              testing::ThrowsMessage<DataError>(testing::AllOf(testing::HasSubstr("rank 0"),
                                                               testing::HasSubstr("0.jpg"),
                                                               testing::HasSubstr("not finite"))));
}

// Each missing image is written only after rank 0 has come to one more barrier.
TEST_F(BenchmarkRun, RanksWaitForASlowRankBatchByBatch) {
  // Rank 1 of 2 reads the last three of the seven images.
  Meetings meetings;
  std::atomic<int> in_time = 0;
  std::vector<std::jthread> writers;
  for (const std::string name : {"4.jpg", "5.jpg", "6.jpg"}) {
    const std::string bytes = read_file(folder_ / name);
    std::filesystem::remove(folder_ / name);
    ASSERT_EQ(mkfifo((folder_ / name).c_str(), 0600), 0);
    writers.emplace_back([&, name, bytes] {
      if (meetings.wait_for(name[0] - '3')) ++in_time;
      std::ofstream(folder_ / name, std::ios::binary) << bytes;
    });
  }
  const Benchmark benchmark(classification());
  run_ranks(2, [&](Collectives& collectives) {
    WatchedBarriers watched(collectives, meetings);
    benchmark.run(model_, tokenizer_, watched, 1, Precision::kFp32);
  });
  EXPECT_EQ(in_time, 3);
}

TEST_F(BenchmarkRun, DataHashCoversTheImagesAndNotTheRanks) {
  const auto hash = [&](int num_ranks) {
    return run(classification(), num_ranks, 2).details.at("hashes").at("data").get<std::string>();
  };
  const std::string before = hash(1);
  EXPECT_EQ(hash(3), before);
  write_image("6.jpg", 77);
  EXPECT_NE(hash(1), before);
}

// A hash is kept in evaluations.jsonl: if it were another one, checkpoints would be scored again.
TEST_F(BenchmarkRun, HashOfConceptsIsThatOfFileTableNamesAndPrecision) {
  std::ofstream(folder_ / "concepts.csv") << "filename,scale\n0.jpg,1\n";
  std::ofstream(folder_ / "terms.json") << R"({"scale": ["scaly skin"]})";
  std::ofstream(folder_ / "signs.yaml")
      << "name: signs\nkind: concepts\nmetrics: [auroc]\ndata: {csv: concepts.csv, images: .}\n"
      << "concepts: [{label: scale}]\nconcept_terms: terms.json\n"
      << "templates: [\"a {}\"]\nreferences: [skin]\n";
  const BenchmarkOptions options = load_benchmark(folder_ / "signs.yaml");
  EXPECT_EQ(Benchmark(options).hash(Precision::kFp32),
            sha256_hex(read_file(options.file) + read_file(options.csv) + classes_hash(options) +
                       "fp32"));
}

TEST_F(BenchmarkRun, ConceptsAreScoredOnAnyNumberOfRanks) {
  std::ofstream csv(folder_ / "concepts.csv");
  csv << "filename,scale,papule\n";
  for (int i = 0; i < kNumImages; ++i) csv << i << ".jpg," << i % 2 << "," << i % 3 / 2 << "\n";
  csv.close();
  BenchmarkOptions options = classification();
  options.kind = &concepts_kind();
  options.csv = (folder_ / "concepts.csv").string();
  options.classes = {{"papule", {"papule", "bump"}}, {"scale", {"scale"}}};
  options.templates = {"skin with {}", "{}"};
  options.references = {"skin", "nothing"};
  options.metrics = {"auroc"};
  const BenchmarkResult one = run(options, 1, 100);
  EXPECT_EQ(one.details.at("concepts").size(), 2);
  const BenchmarkResult three = run(options, 3, 2);
  EXPECT_EQ(three.scores, one.scores);
  EXPECT_EQ(three.details, one.details);
}

}  // namespace
}  // namespace dermatome
