#include "src/train/run_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "sharding/build.h"
#include "src/config/train_options.h"
#include "src/train/validation.h"
#include "tests/sharding/test_data.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A data set of two shards of which only the last sample has caption `k`, valid or not, and a valid
// caption `other`; -1: none.
class Data {
 public:
  explicit Data(int k, bool valid = true, int other = -1) {
    SampleTable table = make_table(folder_, 4);
    for (CaptionedSample& sample : table.samples) {
      sample.captions.assign(sample.captions.size(), "");
      sample.mask.assign(sample.mask.size(), 0);
    }
    if (k >= 0) {
      table.samples.back().captions[k] = "A caption";
      table.samples.back().mask[k] = valid;
    }
    if (other >= 0) {
      table.samples.back().captions[other] = "Another caption";
      table.samples.back().mask[other] = 1;
    }
    BuildOptions options;
    options.image_root = folder_.path();
    options.output = path();
    options.samples_per_shard = 2;
    options.num_threads = 1;
    build_shards(table, tokenizer(), options);
  }
  std::string path() const { return folder_ / "shards"; }

 private:
  TemporaryDirectory folder_;
};

TrainOptions options_for(const std::vector<std::string>& sources) {
  TrainOptions options;
  options.objective.num_subcaptions = 2;
  options.data.train = sources;
  return options;
}

TokenFormat clip_tokens() { return {tokenizer(), kContextLength}; }

std::string refusal(const TrainOptions& options) {
  return error_of([&] {
    const ShardedDataset dataset({options.data.train.begin(), options.data.train.end()});
    check_texts(dataset, options.data.train, options);
  });
}

TEST(RunChecks, EveryDataSetNeedsACaption) {
  const Data good(3), other(0), without(-1), invalid(0, /*valid=*/false);
  EXPECT_THAT(refusal(options_for({good.path(), other.path()})), IsEmpty());
  for (const Data* bad : {&without, &invalid}) {
    EXPECT_THAT(refusal(options_for({good.path(), bad->path()})),
                AllOf(HasSubstr(bad->path() + " has no captions: none of its 4 samples"),
                      HasSubstr("--template"), HasSubstr("--caption-column"),
                      HasSubstr("captions.py"), Not(HasSubstr(good.path()))));
  }
}

TEST(RunChecks, AnObjectiveOfRawCaptionsNeedsARawCaption) {
  const Data raw(0), ontology(1);
  TrainOptions plain_clip = options_for({ontology.path()});
  plain_clip.objective.name = ObjectiveName::kClip;
  TrainOptions without_mkcl = options_for({ontology.path()});
  without_mkcl.objective.mkcl = false;
  for (TrainOptions* options : {&plain_clip, &without_mkcl}) {
    EXPECT_THAT(refusal(*options),
                AllOf(HasSubstr("has no raw captions"), HasSubstr("objective.name=make")));
    options->data.train = {raw.path()};
    EXPECT_THAT(refusal(*options), IsEmpty());
  }
}

std::string absent(const TrainOptions& options) {
  const ShardedDataset dataset({options.data.train.begin(), options.data.train.end()},
                               std::nullopt);
  return absent_captions(dataset, options);
}

TEST(RunChecks, SaysWhichCaptionsTheObjectiveLacks) {
  const Data raw(0), subcaption(3), both(0, /*valid=*/true, 3), diagnosis(0, /*valid=*/true, 1);
  TrainOptions options = options_for({raw.path()});
  EXPECT_THAT(absent(options),
              AllOf(HasSubstr(raw.path() + " has raw captions alone, so that slra is 0 in every"),
                    HasSubstr("objective.name=clip"), HasSubstr("tools/captions.py")));
  options.objective.mode = ObjectiveMode::kReleased;
  EXPECT_THAT(absent(options), HasSubstr(" has raw captions alone; "));
  options = options_for({both.path()});
  EXPECT_EQ(absent(options), "");
  // A sample adds to the local term only with its raw caption and a subcaption.
  for (const auto& sources :
       {std::vector{raw.path(), subcaption.path()}, std::vector{diagnosis.path()}}) {
    options = options_for(sources);
    EXPECT_THAT(absent(options),
                HasSubstr(" lacks captions that the objective reads, so that slra is 0"));
  }
  options.objective.positives = LocalPositives::kKnowledge;
  EXPECT_EQ(absent(options), "");
}

TEST(RunChecks, RawCaptionsAreEnoughForAnObjectiveThatReadsNoOthers) {
  const Data raw(0);
  TrainOptions options = options_for({raw.path()});
  options.objective.local_alignment = false;
  EXPECT_THAT(absent(options), HasSubstr(" has raw captions alone; objective.name=clip"));
  options.objective.mkcl = false;
  for (const ObjectiveName name : {ObjectiveName::kMake, ObjectiveName::kClip}) {
    options.objective.name = name;
    EXPECT_EQ(absent(options), "");
  }
}

TEST(RunChecks, ALockCountsNoMoreBlocksThanThereAre) {
  const auto refusal_of = [](const TowerLock& image, const TowerLock& text) {
    TrainOptions options;
    options.model.lock_image = image;
    options.model.lock_text = text;
    return error_of([&] { check_settings(options, ClipConfig(), tokenizer(), /*num_ranks=*/1); });
  };
  EXPECT_THAT(refusal_of({LockedPart::kFirst, 12}, {LockedPart::kFirst, 0}), IsEmpty());
  EXPECT_THAT(refusal_of({LockedPart::kFirst, 13}, {}),
              HasSubstr("model.lock_image = 13 leaves more blocks unlocked than the 12 that"));
  EXPECT_THAT(refusal_of({}, {LockedPart::kFirst, 24}), HasSubstr("model.lock_text = 24 leaves"));
}

TEST(RunChecks, TheTextTowerTakesTheTokenizersIdsOfAnyNumber) {
  ClipConfig config;
  config.text.vocab_size = tokenizer().vocabulary_size();
  const auto refusal_of = [&] {
    return error_of([&] { check_settings(TrainOptions(), config, tokenizer(), /*num_ranks=*/1); });
  };
  for (const int64_t context_length : {20, 77, 248}) {
    config.text.context_length = context_length;
    EXPECT_THAT(refusal_of(), IsEmpty());
  }
  config.text.vocab_size -= 1;
  EXPECT_THAT(refusal_of(), AllOf(HasSubstr("vocab_size 49407"), HasSubstr("to 49408")));
}

TEST(RunChecks, TheDataAreChecked) {
  const Data without(-1);
  TrainOptions options = options_for({without.path()});
  options.batch_size = 4;
  options.schedule.warmup = 0;
  const ShardedDataset dataset(without.path());
  EXPECT_THAT(error_of([&] {
                check_data(options, dataset, {1, 1}, /*num_ranks=*/1);
              }),
              HasSubstr("has no captions"));
}

TEST(RunChecks, TheValidationSetNeedsACaption) {
  const Data good(0), without(-1);
  TrainOptions options = options_for({good.path()});
  options.data.validation = good.path();
  EXPECT_NE(open_validation_set(options, {}, clip_tokens()), nullptr);
  options.data.validation = without.path();
  EXPECT_THAT(error_of([&] { open_validation_set(options, {}, clip_tokens()); }),
              HasSubstr(without.path() + " has no captions"));
}

// validation.on_failure says what becomes of a validation set that cannot be read.
TEST(RunChecks, ADamagedValidationSetEndsNothingBeforeTheTraining) {
  const Data damaged(0);
  patch_file(damaged.path() + "/shard-00000.h5", "0.jpg", "9.jpg");
  TrainOptions options = options_for({damaged.path()});
  options.data.validation = damaged.path();
  EXPECT_NE(open_validation_set(options, {}, clip_tokens()), nullptr);
  options.validation.on_failure = ValidationFailure::kFail;
  EXPECT_THAT(error_of([&] { open_validation_set(options, {}, clip_tokens()); }),
              HasSubstr("shard-00000.h5"));
}

}  // namespace
}  // namespace dermatome
