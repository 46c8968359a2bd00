#include "src/data/loader.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "src/config/data_options.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "src/data/augmentation.h"
#include "src/data/patch_dropout.h"
#include "src/data/shuffled_order.h"
#include "tests/data/loaded_samples.h"
#include "tests/data/test_shards.h"
#include "tests/support/toy_tokenizer.h"

namespace dermatome {
namespace {

// [3, height, width]
std::vector<uint8_t> planes(const Image& image) {
  std::vector<uint8_t> values;
  for (size_t channel = 0; channel < 3; ++channel) {
    for (size_t i = channel; i < image.pixels.size(); i += 3) values.push_back(image.pixels[i]);
  }
  return values;
}

TEST(Loader, GlobalBatchesAreTheSameForAnyNumberOfRanks) {
  const TestShards shards(53, 20);
  const auto expected = global_batches(shards.dataset(), options_for(12), 1, 0, 0, 9);
  for (const auto& batch : expected) EXPECT_EQ(batch.size(), 12u);
  for (const int64_t world : {2, 3, 4, 5, 8}) {
    EXPECT_TRUE(global_batches(shards.dataset(), options_for(12), world, 0, 0, 9) == expected)
        << world << " ranks";
  }
}

TEST(Loader, BatchesHaveTheIdsOfTheModelsTokenizerWhicheverOneTheShardsHold) {
  const ToyTokenizer toy;
  const TestShards clip(53, 20), own(53, 20, /*quality=*/0, &toy);
  const TokenFormat tokens{toy, 9};
  const ShardedDataset stored(own.directory(), tokens), made(clip.directory(), tokens);
  const auto expected = global_batches(stored, options_for(12), 1, 0, 0, 5);
  for (const std::vector<int64_t>& text : expected[0][0].texts) {
    if (text.empty()) continue;
    EXPECT_EQ(text.front(), 1);  // the toy's start token
    EXPECT_EQ(text.back(), 2);
    EXPECT_LE(text.size(), 9u);
  }
  for (const int64_t world : {1, 2, 3}) {
    EXPECT_TRUE(global_batches(made, options_for(12), world, 0, 0, 5) == expected)
        << world << " ranks";
  }
}

TEST(Loader, BatchesAreTheSameForAnyNumberOfReadersAndAnyPrefetch) {
  const TestShards shards(53, 20);
  const auto expected = global_batches(shards.dataset(), options_for(10), 1, 0, 0, 12);
  for (const int64_t workers : {1, 3, 7, 16}) {
    for (const int64_t prefetch : {1, 2, 9}) {
      LoaderOptions options = options_for(10);
      options.data.workers = workers;
      options.data.prefetch = prefetch;
      EXPECT_TRUE(global_batches(shards.dataset(), options, 1, 0, 0, 12) == expected)
          << workers << " readers, prefetch " << prefetch;
    }
  }
}

TEST(Loader, ContinuesExactlyAtAnEpochAndStep) {
  const TestShards shards(53, 20);
  constexpr int64_t kStepsPerEpoch = 5;
  const auto all = global_batches(shards.dataset(), options_for(10), 1, 0, 0, 13);
  for (int64_t done = 0; done < 12; ++done) {
    const auto rest = global_batches(shards.dataset(), options_for(10), 2, done / kStepsPerEpoch,
                                     done % kStepsPerEpoch, 13 - done);
    EXPECT_TRUE(std::equal(rest.begin(), rest.end(), all.begin() + done)) << "after " << done;
  }
  const auto at_the_end =
      global_batches(shards.dataset(), options_for(10), 1, 0, kStepsPerEpoch, 1);
  EXPECT_TRUE(at_the_end[0] == all[kStepsPerEpoch]);
}

TEST(Loader, EpochsFollowEachOtherAndDropTheIncompleteBatch) {
  const TestShards shards(53, 20);
  Loader loader(shards.dataset(), options_for(10), 0, 0);
  EXPECT_EQ(loader.steps_per_epoch(), 5);
  const ShuffledOrder order(7, 53, 4, 3);
  for (int64_t step = 0; step < 12; ++step) {
    const Batch batch = loader.next().value();
    EXPECT_EQ(batch.epoch, step / 5);
    EXPECT_EQ(batch.step, step % 5);
    std::vector<int64_t> expected;
    for (int64_t p = 0; p < 10; ++p) expected.push_back(order.sample(step / 5, step % 5 * 10 + p));
    EXPECT_EQ(batch.sample_ids, expected);
  }
}

TEST(Loader, AugmentsByThePlaceInTheGlobalOrder) {
  const TestShards shards(53, 20);
  const LoaderOptions options = options_for(10, 1, 2);
  Loader loader(shards.dataset(), options, 3, 2);
  const auto samples = samples_of(loader.next().value());
  ASSERT_EQ(samples.size(), 5u);
  for (int64_t i = 0; i < 5; ++i) {
    const Sample& sample = samples[static_cast<size_t>(i)];
    const Image image = test_image(sample.id);
    std::vector<uint8_t> expected(sample.pixels.size());
    augment(
        image,
        draw_augmentation(options.augmentation, image.height, image.width, 7, 3, 2 * 10 + 5 + i),
        kLoadedSize, planes_at(expected.data(), expected.size() / 3));
    EXPECT_EQ(sample.pixels, expected) << "sample " << sample.id;
    std::vector<int64_t> kept(5);
    draw_kept_patches(kept, 16, 7, 3, 2 * 10 + 5 + i);
    EXPECT_EQ(sample.kept_patches, kept);
  }
}

TEST(Loader, KeepsAllPatchesWithoutPatchDropout) {
  const TestShards shards(10, 10);
  LoaderOptions options = options_for(10);
  options.kept_patches = 0;
  Loader loader(shards.dataset(), options, 0, 0);
  EXPECT_FALSE(loader.next().value().kept_patches.defined());
}

TEST(Loader, TheValidationPassVisitsEverySampleOnceInOrder) {
  const TestShards shards(53, 20);
  for (const int64_t world : {1, 2, 3, 4, 8}) {
    std::vector<std::vector<int64_t>> batches(6);
    for (int64_t rank = 0; rank < world; ++rank) {
      LoaderOptions options = options_for(10, rank, world);
      options.training = false;
      Loader loader(shards.dataset(), options, 0, 0);
      EXPECT_EQ(loader.steps_per_epoch(), 6);
      for (size_t step = 0; step < 6; ++step) {
        const Batch batch = loader.next().value();
        EXPECT_EQ(batch.step, static_cast<int64_t>(step));
        ASSERT_EQ(batch.images.size(0), std::ssize(batch.sample_ids));
        for (const int64_t id : batch.sample_ids) batches[step].push_back(id);
      }
      EXPECT_FALSE(loader.next().has_value());
      EXPECT_FALSE(loader.next().has_value());
    }
    int64_t id = 0;
    for (const auto& batch : batches) {
      for (const int64_t sample : batch) EXPECT_EQ(sample, id++);
    }
    EXPECT_EQ(id, 53);
  }
}

TEST(Loader, ARankWithoutSamplesGetsBatchesOfNoRows) {
  const TestShards shards(13, 20);
  LoaderOptions options = options_for(10, 1, 2);  // places 5 to 9; the last batch has places 0 to 2
  options.training = false;
  Loader loader(shards.dataset(), options, 0, 1);
  const Batch batch = loader.next().value();
  EXPECT_EQ(batch.images.sizes(), (at::IntArrayRef{0, 3, kLoadedSize, kLoadedSize}));
  EXPECT_EQ(batch.tokens.size(0), 0);
  EXPECT_EQ(batch.lengths.sizes(), (at::IntArrayRef{0}));
  EXPECT_EQ(batch.caption.sizes(), (at::IntArrayRef{0, kTestCaptions}));
  EXPECT_EQ(batch.mask.sizes(), (at::IntArrayRef{0, kTestCaptions}));
  EXPECT_TRUE(batch.sample_ids.empty());
  EXPECT_FALSE(loader.next().has_value());
}

TEST(Loader, ValidationImagesAreResizedAndCutFromTheCenter) {
  const TestShards shards(6, 20);
  LoaderOptions options = options_for(6);
  options.training = false;
  Loader loader(shards.dataset(), options, 0, 0);
  for (const Sample& sample : samples_of(loader.next().value())) {
    const Image expected =
        center_crop(resize_shorter_side(test_image(sample.id), kLoadedSize), kLoadedSize);
    EXPECT_EQ(sample.pixels, planes(expected));
  }
}

TEST(Loader, CaptionsBelongToTheirSamples) {
  const TestShards shards(53, 20);
  LoaderOptions options = options_for(53);
  options.training = false;
  Loader loader(shards.dataset(), options, 0, 0);
  const Batch batch = loader.next().value();
  EXPECT_EQ(batch.tokens.scalar_type(), at::kLong);
  EXPECT_EQ(batch.lengths.scalar_type(), at::kLong);
  EXPECT_EQ(batch.caption.scalar_type(), at::kLong);
  EXPECT_EQ(batch.mask.scalar_type(), at::kBool);
  for (const Sample& sample : samples_of(batch)) {
    for (int64_t k = 0; k < kTestCaptions; ++k) {
      const auto& text = sample.texts[static_cast<size_t>(k)];
      const TestCaption caption = test_caption(sample.id, k);
      EXPECT_EQ(sample.mask[static_cast<size_t>(k)], caption.valid);
      EXPECT_EQ(text, caption.valid ? encode(caption.text) : std::vector<int64_t>{})
          << "sample " << sample.id << ", caption " << k;
    }
  }
}

// Texts repeat within a shard and between shards. The batch has every text once, padded with zeros.
TEST(Loader, EveryTextOccursOnce) {
  const TestShards shards(53, 20);
  for (const bool texts_for_missing : {false, true}) {
    LoaderOptions options = options_for(53);
    options.texts.texts_for_missing = texts_for_missing;
    Loader loader(shards.dataset(), options, 0, 0);
    const Batch batch = loader.next().value();
    const int64_t num_texts = batch.tokens.size(0);
    ASSERT_EQ(batch.lengths.size(0), num_texts);
    EXPECT_EQ(batch.tokens.size(1), batch.lengths.max().item<int64_t>());
    std::set<std::vector<int64_t>> distinct;
    for (int64_t u = 0; u < num_texts; ++u) {
      const auto length = batch.lengths[u].item<int64_t>();
      const at::Tensor ids = batch.tokens[u].slice(0, 0, length).contiguous();
      distinct.emplace(ids.const_data_ptr<int64_t>(), ids.const_data_ptr<int64_t>() + length);
      EXPECT_EQ(batch.tokens[u].slice(0, length).abs().sum().item<int64_t>(), 0);
    }
    EXPECT_EQ(std::ssize(distinct), num_texts);
    std::set<std::vector<int64_t>> expected;
    for (const Sample& sample : samples_of(batch)) {
      for (const auto& text : sample.texts) {
        if (!text.empty()) expected.insert(text);
      }
    }
    EXPECT_EQ(distinct, expected);
    EXPECT_LT(num_texts, 53 * 3);
  }
}

TEST(Loader, MissingCaptionsAreTextsWhenAskedFor) {
  const TestShards shards(53, 20);
  LoaderOptions options = options_for(53);
  options.training = false;
  options.texts.texts_for_missing = true;
  Loader loader(shards.dataset(), options, 0, 0);
  for (const Sample& sample : samples_of(loader.next().value())) {
    for (int64_t k = 0; k < kTestCaptions; ++k) {
      const TestCaption caption = test_caption(sample.id, k);
      std::string expected = caption.text;
      if (expected.empty()) expected = k < 3 ? "nan" : "";
      EXPECT_EQ(sample.texts[static_cast<size_t>(k)], encode(expected))
          << "sample " << sample.id << ", caption " << k;
      EXPECT_EQ(sample.mask[static_cast<size_t>(k)], caption.valid);
    }
  }
}

TEST(Loader, LoadsTheRawCaptionOnlyWhenAskedFor) {
  const TestShards shards(53, 20);
  for (const bool texts_for_missing : {false, true}) {
    LoaderOptions options = options_for(53);
    options.training = false;
    options.texts.only_raw_caption = true;
    options.texts.texts_for_missing = texts_for_missing;
    Loader loader(shards.dataset(), options, 0, 0);
    for (const Sample& sample : samples_of(loader.next().value())) {
      EXPECT_EQ(sample.mask[0], test_caption(sample.id, 0).valid);
      EXPECT_EQ(sample.texts[0].empty(), !sample.mask[0] && !texts_for_missing);
      for (size_t k = 1; k < kTestCaptions; ++k) {
        EXPECT_FALSE(sample.mask[k]);
        EXPECT_TRUE(sample.texts[k].empty());
      }
    }
  }
}

TEST(Loader, ADamagedSampleStopsItsOwnBatch) {
  TestShards shards(53, 20);
  const int64_t bad = ShuffledOrder(7, 53, 4, 3).sample(0, 27);  // third batch
  shards.damage(bad);
  for (const int64_t workers : {1, 4}) {
    LoaderOptions options = options_for(10);
    options.data.workers = workers;
    Loader loader(shards.dataset(), options, 0, 0);
    EXPECT_EQ(loader.next()->step, 0);
    EXPECT_EQ(loader.next()->step, 1);
    EXPECT_THAT([&] { loader.next(); },
                testing::ThrowsMessage<DataError>(testing::HasSubstr(test_source(bad))));
    EXPECT_EQ(loader.next()->step, 3);
  }
}

TEST(Loader, TheSameSampleStandsInForADamagedOneOnAnyNumberOfRanks) {
  TestShards shards(53, 20);
  const ShuffledOrder order(7, 53, 4, 3);
  const int64_t bad = order.sample(0, 27), worse = order.stand_in(0, 27, 1);
  ASSERT_NE(bad, worse);
  shards.damage(bad);
  shards.damage(worse);
  LoaderOptions options = options_for(10);
  options.data.on_corrupt = Corrupt::kSkip;
  const auto expected = global_batches(shards.dataset(), options, 1, 0, 0, 12);
  bool stood_in = false;
  for (size_t step = 0; step < expected.size(); ++step) {
    for (size_t i = 0; i < expected[step].size(); ++i) {
      const int64_t id = expected[step][i].id;
      EXPECT_NE(id, bad);
      EXPECT_NE(id, worse);
      const auto epoch = static_cast<int64_t>(step) / 5;
      const auto place = static_cast<int64_t>(step % 5 * 10 + i);
      const int64_t own = order.sample(epoch, place);
      if (own != bad && own != worse) {
        EXPECT_EQ(id, own);
      }
      if (epoch == 0 && place == 27) {
        stood_in = true;
        EXPECT_EQ(id, order.stand_in(0, 27, 2));
      }
    }
  }
  EXPECT_TRUE(stood_in);
  for (const int64_t world : {2, 3, 5}) {
    const auto batches = global_batches(shards.dataset(), options, world, 0, 0, 12);
    for (size_t step = 0; step < batches.size(); ++step) {
      for (size_t i = 0; i < batches[step].size(); ++i) {
        EXPECT_EQ(batches[step][i].id, expected[step][i].id);
        EXPECT_EQ(batches[step][i].pixels, expected[step][i].pixels);
        EXPECT_EQ(batches[step][i].texts, expected[step][i].texts);
      }
    }
  }
}

TEST(Loader, LeavesOutNoMoreRecordsThanAllowed) {
  TestShards shards(53, 20);
  for (int64_t sample = 0; sample < 6; ++sample) shards.damage(sample);
  LoaderOptions options = options_for(50);
  options.data.on_corrupt = Corrupt::kSkip;
  options.data.max_corrupt = 3;
  Loader loader(shards.dataset(), options, 0, 0);
  EXPECT_THAT([&] { loader.next(); },
              testing::ThrowsMessage<DataError>(testing::HasSubstr("data.max_corrupt allows 3")));
  // The validation pass leaves nothing out.
  options.training = false;
  options.data.max_corrupt = 100;
  Loader validation(shards.dataset(), options, 0, 0);
  EXPECT_THROW(validation.next(), DataError);
}

// If the loader read further ahead, the damage would come too late to be noticed.
TEST(Loader, ReadsNoFurtherAheadThanThePrefetch) {
  TestShards shards(53, 20);
  LoaderOptions options = options_for(5);
  options.training = false;
  options.data.prefetch = 2;
  Loader loader(shards.dataset(), options, 0, 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  shards.damage(10);  // the first sample of the third batch
  EXPECT_TRUE(loader.next().has_value());
  EXPECT_TRUE(loader.next().has_value());
  EXPECT_THROW(loader.next(), DataError);
}

TEST(Loader, WarnsOfAnOrderThatReadsMoreShardsThanStayOpen) {
  const TestShards shards(53, 2);
  const auto warning = [&](const LoaderOptions& options, OpenShardLimits limits) {
    const ShardedDataset dataset(shards.directory(), std::nullopt, limits);
    initialize_logging(0, 1);
    testing::internal::CaptureStderr();
    const Loader loader(dataset, options, 0, 0);
    return testing::internal::GetCapturedStderr();
  };
  LoaderOptions options = options_for(10);  // reads 3 blocks by turns, each from 2 shards
  EXPECT_EQ(warning(options, {.shards = 6}), "");
  EXPECT_THAT(
      warning(options, {.shards = 5}),
      testing::AllOf(testing::HasSubstr("data.shuffle_window 3 reads 6 shards"),
                     testing::HasSubstr("only 5 stay open"), testing::HasSubstr("lower it to 2")));
  EXPECT_THAT(warning(options, {.bytes = 5 * 2 * kMetadataBytesPerSample}),
              testing::HasSubstr("only 5 stay open"));
  EXPECT_EQ(warning(options_for(10, 1, 2), {.shards = 5}), "");  // rank 0 alone warns
  options.data.sampling = Sampling::kResampled;
  EXPECT_THAT(warning(options, {.shards = 26}),
              testing::HasSubstr("data.sampling resampled reads 27 shards"));
  EXPECT_EQ(warning(options, {.shards = 27}), "");
  options.training = false;
  EXPECT_EQ(warning(options, {.shards = 1}), "");
}

TEST(Loader, NamesTheImageThatCannotBeScaled) {
  const TestShards shards(1, 1);
  LoaderOptions options = options_for(1);
  options.training = false;
  options.image_size = 14'000;
  Loader loader(shards.dataset(), options, 0, 0);
  EXPECT_THAT([&] { loader.next(); }, testing::ThrowsMessage<DataError>(testing::AllOf(
                                          testing::HasSubstr("shard-0.h5 row 0 (image_0.png)"),
                                          testing::HasSubstr("too long and thin"))));
}

TEST(Loader, StopsInTheMiddleOfItsWork) {
  const TestShards shards(53, 20);
  for (const int64_t workers : {1, 2, 8}) {
    for (int taken = 0; taken < 4; ++taken) {
      LoaderOptions options = options_for(10);
      options.data.workers = workers;
      Loader loader(shards.dataset(), options, 0, 0);
      for (int i = 0; i < taken; ++i) loader.next();
    }
  }
}

TEST(Loader, RefusesImpossibleOptions) {
  const TestShards shards(13, 20);
  const auto make = [&](const LoaderOptions& options) { Loader(shards.dataset(), options, 0, 0); };
  EXPECT_THROW(make(options_for(14)), InternalError);
  EXPECT_NO_THROW(make(options_for(13)));
  LoaderOptions options = options_for(14);
  options.training = false;
  EXPECT_NO_THROW(make(options));
  options.data.workers = 0;
  EXPECT_THROW(make(options), InternalError);
  options = options_for(4);
  options.data.prefetch = 0;
  EXPECT_THROW(make(options), InternalError);
  EXPECT_THROW(make(options_for(0)), InternalError);
  options = options_for(4);
  options.first = 1;
  EXPECT_THROW(make(options), InternalError);
}

}  // namespace
}  // namespace dermatome
