#include "src/config/train_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "src/config/train_options.h"
#include "tests/config/config_error.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// The keys without a usable default.
const std::string kRequired = "model: {architecture: m.json}\ndata: {train: shards}\n";

TrainOptions load(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
  return load_train_config(write_yaml(yaml, "run.yaml"), overrides);
}

std::string complaint(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
  return complaint_about(write_yaml(yaml, "run.yaml"),
                         [&](const auto& path) { load_train_config(path, overrides); });
}

// A valid configuration in which no setting has its default.
TrainOptions all_changed() {
  TrainOptions o;
  o.name = "a \"name\": #1, naïve";
  o.output = "true";
  o.seed = UINT64_MAX;
  o.batch_size = 2048;
  o.resume = false;
  o.from = "runs/a: 3";
  o.from_optimizer = false;
  o.model = {"m.json", "~",  QuickGelu::kTrue,        Precision::kAmpBf16, 3,
             -1,       0.25, {LockedPart::kFirst, 2}, {LockedPart::kAll}};
  o.data = {
      {"null", "a, b"}, "stage", "valid\tset", Sampling::kResampled, {3, 0.25}, 1000, 32, 5, 6, 7,
      Corrupt::kSkip,   0};
  o.augmentation = {{0.4, 0.123456789012345678}, {0.5, 1e300}, {0.32, 0.1, 5e-324, 0.08}, 0.8, 0.2};
  std::swap(o.augmentation.scale[0], o.augmentation.scale[1]);
  o.objective = {ObjectiveName::kClip,
                 ObjectiveMode::kPaper,
                 Negatives::kAll,
                 LocalPositives::kKnowledge,
                 true,
                 false,
                 false,
                 false,
                 3,
                 0.5,
                 0.25,
                 -0.1};
  o.optimizer = {1e-4, 0.8, 0.95, 1e-8, 0.1, 1.5, NonFinite::kSkip, 1e-5, 2e-5, 0.0, 0.3, 0.75};
  o.schedule = {15, 4000, 1500};
  o.checkpoint = {0, 100, 3};
  o.validation = {2, 30, false, ValidationFailure::kFail, {"a.yaml", "b, c.yaml"}, 17};
  o.runtime = {DeviceChoice::kCpu, 3, 12.5, 1, 8};
  return o;
}

TEST(TrainConfig, AnEmptyFileLeavesDefaultsAndAsksForKeysWithoutADefault) {
  EXPECT_EQ(complaint(""),
            "run.yaml: model.architecture = \"\" (the default) must name an open_clip model "
            "configuration (JSON)");
  EXPECT_THAT(complaint("model: {architecture: m.json}"),
              StartsWith("run.yaml: data.train = \"\" (the default) must name"));
  TrainOptions expected;
  expected.name = "run";
  expected.model.architecture = "m.json";
  expected.data.train = {"shards"};
  EXPECT_EQ(load("# nothing\n", {"model.architecture=m.json", "data.train=shards"}), expected);
}

TEST(TrainConfig, WhatIsDumpedIsReadBack) {
  const TrainOptions options = all_changed();
  EXPECT_EQ(load(dump_train_config(options)), options);
  const TrainOptions defaults = load(kRequired);
  EXPECT_EQ(load(dump_train_config(defaults)), defaults);
}

TEST(TrainConfig, TheDumpNamesEveryKeyWithItsValue) {
  const std::string dump = dump_train_config(all_changed());
  EXPECT_THAT(dump, HasSubstr("\nmodel:\n  architecture: \"m.json\"\n"));
  EXPECT_THAT(dump, HasSubstr("\n  precision: amp_bf16\n"));
  EXPECT_THAT(dump, HasSubstr("\nseed: 18446744073709551615\n"));
  EXPECT_THAT(dump, HasSubstr("\n  lr: 1.0e-04\n"));
}

TEST(TrainConfig, OverridesReplaceWhatTheFileSays) {
  const TrainOptions options =
      load(kRequired + "seed: 1\nobjective: {sigma: 0.5, lambda_s: 0.1}\n",
           {"seed=2", "objective.sigma=0.3", "schedule={max_steps: 20, warmup: 5}", "seed=3",
            "augmentation.color_jitter=[0.1, 0.2, 0.3, 0.4]", "name=a=b"});
  EXPECT_EQ(options.seed, 3u);
  EXPECT_EQ(options.objective.sigma, 0.3);
  EXPECT_EQ(options.objective.lambda_s, 0.1);
  EXPECT_EQ(options.schedule.max_steps, 20);
  EXPECT_EQ(options.augmentation.color_jitter, (std::array<double, 4>{0.1, 0.2, 0.3, 0.4}));
  EXPECT_EQ(options.name, "a=b");
  // A bad value in the file does not matter once it is replaced.
  EXPECT_EQ(load(kRequired + "batch_size: 0\n", {"batch_size=8"}).batch_size, 8);
}

TEST(TrainConfig, EmptyValuesAreEmptyTextsListsAndSections) {
  const TrainOptions options =
      load(kRequired + "objective:\nvalidation:\n  benchmarks:\n", {"model.pretrained="});
  EXPECT_EQ(options.objective, ObjectiveOptions());
  EXPECT_TRUE(options.validation.benchmarks.empty());
  EXPECT_EQ(options.model.pretrained, "");
}

TEST(TrainConfig, NumbersArePlainYaml) {
  EXPECT_EQ(load(kRequired + "optimizer: {lr: 1e-4, eps: +.5E-3, weight_decay: 0}").optimizer.lr,
            1e-4);
  for (const char* bad : {"1_000", "1e3", "0x10", "1.0", "~", "9223372036854775808"}) {
    EXPECT_EQ(complaint(kRequired + "batch_size: " + bad),
              std::string("run.yaml:3:1: batch_size = ") + (bad[0] == '~' ? "(nothing)" : bad) +
                  " is not a whole number of 64 bits");
  }
  for (const char* bad : {".nan", ".inf", "inf", "nan", "1e999", "0.5x", "abc"}) {
    EXPECT_EQ(complaint(kRequired + "optimizer:\n  lr: " + bad),
              std::string("run.yaml:4:3: optimizer.lr = ") + bad + " is not a finite number");
  }
  EXPECT_THAT(complaint(kRequired + "seed: -1"), StartsWith("run.yaml:3:1: seed = -1 is not a"));
}

TEST(TrainConfig, WrongTypesAreNamedWithTheirPlace) {
  EXPECT_EQ(complaint("objective: {local_alignment: 1}"),
            "run.yaml:1:13: objective.local_alignment = 1 is not true or false");
  EXPECT_EQ(complaint("objective:\n  mode: papr\n"),
            "run.yaml:2:3: objective.mode = papr is not one of paper, released");
  EXPECT_EQ(complaint("model: {precision: fp16}"),
            "run.yaml:1:9: model.precision = fp16 is not one of fp32, amp_bf16");
  EXPECT_EQ(complaint("data: {sampling: random}"),
            "run.yaml:1:8: data.sampling = random is not one of shuffle, resampled");
  EXPECT_EQ(complaint("augmentation: {scale: [0.5]}"),
            "run.yaml:1:16: augmentation.scale = [0.5] is not a list of 2 numbers");
  EXPECT_EQ(complaint("augmentation: {scale: [0.5, x]}"),
            "run.yaml:1:16: augmentation.scale = [0.5, x] is not a list of 2 numbers");
  EXPECT_EQ(complaint("validation: {benchmarks: a.yaml}"),
            "run.yaml:1:14: validation.benchmarks = a.yaml is not a list of texts");
  EXPECT_EQ(complaint("name: [a, {b: c}]"), "run.yaml:1:1: name = [a, …] is not text");
  EXPECT_EQ(
      complaint("\n\nschedule: 10"),
      "run.yaml:3:11: 'schedule' = 10 is not a mapping of keys to values; its keys are epochs, "
      "max_steps, warmup");
  EXPECT_THAT(complaint("- a"), StartsWith("run.yaml:1:1: the document = [a] is not a mapping"));
}

TEST(TrainConfig, UnknownKeysNameTheNearestKnownOne) {
  EXPECT_EQ(complaint("objective:\n  sigm: 0.3\n"),
            "run.yaml:2:3: unknown key 'objective.sigm' with value 0.3; the nearest known key is "
            "'objective.sigma'");
  EXPECT_EQ(complaint("lr: 0.3\n"),
            "run.yaml:1:1: unknown key 'lr' with value 0.3; the nearest known key is "
            "'optimizer.lr'");
  EXPECT_THAT(complaint("epochs: 3\n"), EndsWith("key is 'schedule.epochs'"));
  EXPECT_THAT(complaint("precision: amp\n"), EndsWith("key is 'model.precision'"));
  EXPECT_THAT(complaint("optimzer: {lr: 0.3}\n"), EndsWith("key is 'optimizer'"));
  EXPECT_THAT(complaint("seed: {x: 1}\n"), StartsWith("run.yaml:1:1: seed = {…} is not a"));
  EXPECT_EQ(complaint(kRequired, {"objective.sigam=0.3"}),
            "override 'objective.sigam=0.3': unknown key 'objective.sigam' with value 0.3; the "
            "nearest known key is 'objective.sigma'");
  EXPECT_EQ(complaint("schedule: {nonsense: 3}\n"),
            "run.yaml:1:12: unknown key 'schedule.nonsense' with value 3; its keys are epochs, "
            "max_steps, warmup");
  EXPECT_THAT(complaint("nonsense: 3\n"),
              StartsWith("run.yaml:1:1: unknown key 'nonsense' with value 3; the keys are name, "));
}

TEST(TrainConfig, WarmUpThatIsNotSetIsATenthOfTheTraining) {
  const auto warmup = [](const std::vector<std::string>& overrides) {
    return load(kRequired, overrides).schedule.warmup;
  };
  EXPECT_EQ(warmup({"schedule.max_steps=470"}), 47);
  EXPECT_EQ(warmup({"schedule.max_steps=9"}), 0);
  EXPECT_EQ(warmup({"schedule.max_steps=1000000"}), 10000);
  EXPECT_EQ(warmup({"schedule.max_steps=470", "schedule.warmup=470"}), 470);
  EXPECT_EQ(warmup({"schedule.max_steps=470", "schedule.warmup=0"}), 0);
  EXPECT_EQ(warmup({"schedule.epochs=5"}), -1);  // the data say how long that is
  EXPECT_TRUE(load(kRequired, {"schedule.max_steps=470"}).schedule.warmup_is_default);
  EXPECT_FALSE(
      load(kRequired, {"schedule.max_steps=470", "schedule.warmup=47"}).schedule.warmup_is_default);
}

TEST(TrainConfig, RepeatedKeysAreRefused) {
  EXPECT_EQ(complaint("seed: 1\nbatch_size: 8\nseed: 2\n"),
            "run.yaml:3:1: seed = 2 is there a second time; the first is at run.yaml:1:1");
  EXPECT_THAT(complaint("data: {train: a}\nmodel: {}\ndata: {train: b}\n"),
              StartsWith("run.yaml:3:1: data = {…} is there a second time"));
}

TEST(TrainConfig, FilesThatAreNoConfigurationAreNamed) {
  EXPECT_THAT(config_error([] { load_train_config("no/such.yaml", {}); }),
              HasSubstr("no/such.yaml"));
  EXPECT_THAT(complaint("seed: 1\nname: [a\n"), AllOf(StartsWith("run.yaml:"), HasSubstr("YAML")));
  EXPECT_THAT(complaint("seed: 1\n---\nseed: 2\n"), HasSubstr("second YAML document"));
  EXPECT_THAT(complaint("name: &n [*n]\n"), StartsWith("run.yaml:1:1: name = […]"));
}

TEST(TrainConfig, MalformedOverridesAreRefused) {
  EXPECT_EQ(complaint(kRequired, {"seed"}), "override 'seed': expected key=value");
  EXPECT_EQ(complaint(kRequired, {"=1"}), "override '=1': expected key=value");
  EXPECT_THAT(complaint(kRequired, {"seed=[1"}),
              StartsWith("override 'seed=[1': the value is not valid YAML"));
  EXPECT_EQ(complaint(kRequired, {"seed=x"}),
            "override 'seed=x': seed = x is not a whole number of 64 bits, zero or more");
}

TEST(TrainConfig, NumbersOutOfRangeAreNamed) {
  EXPECT_EQ(complaint(kRequired + "batch_size: 0"),
            "run.yaml:3:1: batch_size = 0 must be at least 1");
  EXPECT_EQ(complaint(kRequired, {"objective.lambda_s=-0.1"}),
            "override 'objective.lambda_s=-0.1': objective.lambda_s = -0.1 must be at least 0");
  for (const char* bad : {"accum=0",
                          "objective.num_subcaptions=-1",
                          "objective.lambda_m=-1",
                          "objective.sigma=1.5",
                          "data.workers=0",
                          "data.prefetch=0",
                          "data.shuffle_block=0",
                          "data.shuffle_window=0",
                          "augmentation.scale=[0, 1]",
                          "augmentation.scale=[0.5, 1.1]",
                          "augmentation.ratio=[0, 1]",
                          "augmentation.color_jitter=[-1, 0, 0, 0]",
                          "augmentation.color_jitter_probability=1.1",
                          "augmentation.gray_probability=-0.1",
                          "optimizer.lr=0",
                          "optimizer.beta1=1",
                          "optimizer.beta2=-0.1",
                          "optimizer.eps=0",
                          "optimizer.weight_decay=-1",
                          "optimizer.image_lr=0",
                          "optimizer.text_lr=-1",
                          "optimizer.image_weight_decay=-1",
                          "optimizer.text_weight_decay=-1",
                          "optimizer.layer_decay=0",
                          "optimizer.layer_decay=1.1",
                          "optimizer.clip_norm=-1",
                          "schedule.epochs=0",
                          "schedule.max_steps=-1",
                          "schedule.warmup=-2",
                          "checkpoint.every_epochs=-1",
                          "checkpoint.every_steps=-1",
                          "checkpoint.keep=-1",
                          "validation.every_epochs=-1",
                          "validation.batch_size=0",
                          "runtime.threads=-1",
                          "runtime.timeout_s=0",
                          "runtime.timeout_s=1e9",
                          "runtime.log_every=0",
                          "runtime.bucket_mb=0"}) {
    EXPECT_THAT(complaint(kRequired, {bad}),
                AllOf(StartsWith("override '" + std::string(bad) + "': "), HasSubstr(" must be ")));
  }
}

TEST(TrainConfig, ImpossibleCombinationsAreNamed) {
  EXPECT_EQ(
      complaint(kRequired + "batch_size: 8\naccum: 9"),
      "run.yaml:4:1: accum = 9 is more than batch_size; a micro-batch has at least one sample");
  EXPECT_EQ(
      complaint(kRequired + "schedule: {max_steps: 470, warmup: 471}"),
      "run.yaml:3:28: schedule.warmup = 471 is longer than the training, schedule.max_steps = "
      "470");
  EXPECT_EQ(complaint(kRequired, {"augmentation.scale=[0.9, 0.4]"}),
            "override 'augmentation.scale=[0.9, 0.4]': augmentation.scale = [0.9, 0.4] must be "
            "[low, high], low <= high");
  EXPECT_THAT(complaint(kRequired, {"augmentation.ratio=[2, 1]"}), HasSubstr("low <= high"));
  EXPECT_THAT(complaint(kRequired, {"augmentation.color_jitter=[1, 1, 1, 0.6]"}), HasSubstr("hue"));
  EXPECT_THAT(complaint(kRequired, {"name=a/b"}), HasSubstr("name = a/b is not a folder's name"));
  EXPECT_THAT(complaint(kRequired, {"name=.."}), HasSubstr("is not a folder's name"));
  EXPECT_THAT(complaint(kRequired, {"output="}), HasSubstr("output = (nothing) must name"));
  EXPECT_THAT(complaint(kRequired, {"validation.benchmarks=[a.yaml, '']"}),
              HasSubstr("an empty file name"));
  EXPECT_THAT(complaint(kRequired, {"objective.lambda_m=0", "objective.local_alignment=false"}),
              HasSubstr("objective.lambda_m = 0 leaves nothing to train"));
  EXPECT_THAT(complaint(kRequired, {"objective.num_subcaptions=0"}),
              HasSubstr("objective.num_subcaptions = 0 leaves the local alignment without"));
  EXPECT_EQ(load(kRequired, {"objective.num_subcaptions=0", "objective.local_alignment=false"})
                .objective.num_subcaptions,
            0);
}

TEST(TrainConfig, ALockIsAWordOrTheNumberOfBlocksThatAreTrained) {
  const auto lock = [](const std::string& value) {
    return load(kRequired, {"model.lock_image=" + value}).model.lock_image;
  };
  EXPECT_EQ(lock("none"), TowerLock{});
  EXPECT_EQ(lock("all"), TowerLock{LockedPart::kAll});
  EXPECT_EQ(lock("0"), (TowerLock{LockedPart::kFirst, 0}));
  EXPECT_EQ(lock("12"), (TowerLock{LockedPart::kFirst, 12}));
  for (const char* bad : {"true", "-1", "1.5", "[all]", "some", ""}) {
    EXPECT_THAT(complaint(kRequired, {"model.lock_text=" + std::string(bad)}),
                HasSubstr(" is not none, all, or a whole number: how many of the tower's last "))
        << bad;
  }
  EXPECT_THAT(complaint(kRequired, {"model.lock_text='2'"}), HasSubstr("quotation marks"));
  EXPECT_EQ(complaint(kRequired, {"model.lock_image=all", "model.lock_text=all"}),
            "override 'model.lock_text=all': model.lock_text = all leaves nothing to train but the "
            "logit scale, because model.lock_image is all too; unlock a part of one tower");
}

TEST(TowerLock, CountsLayersFromTheEmbeddings) {
  constexpr int64_t kBlocks = 12;
  const auto locked = [](const TowerLock& lock) { return num_locked_layers(lock, kBlocks); };
  const auto trained = [](const TowerLock& lock) { return num_trained_blocks(lock, kBlocks); };
  EXPECT_EQ(locked({}), 0);
  EXPECT_EQ(trained({}), 12);
  EXPECT_EQ(locked({LockedPart::kAll}), 14);
  EXPECT_EQ(trained({LockedPart::kAll}), 0);
  EXPECT_EQ(locked({LockedPart::kFirst, 0}), 13);
  EXPECT_EQ(trained({LockedPart::kFirst, 0}), 0);
  EXPECT_EQ(locked({LockedPart::kFirst, 12}), 1);
  EXPECT_EQ(trained({LockedPart::kFirst, 12}), 12);
  EXPECT_EQ(trained({LockedPart::kFirst, 5}), 5);
}

TEST(TrainConfig, RatesOfTowersAreThoseOfAllUnlessTheyAreSet) {
  const OptimizerOptions o =
      load(kRequired, {"optimizer.image_lr=1e-5", "optimizer.text_lr=~",
                       "optimizer.image_weight_decay=", "optimizer.text_weight_decay=0"})
          .optimizer;
  EXPECT_EQ(o.image_lr, 1e-5);
  EXPECT_EQ(o.text_lr, std::nullopt);
  EXPECT_EQ(o.image_weight_decay, std::nullopt);
  EXPECT_EQ(o.text_weight_decay, 0.0);
  EXPECT_THAT(complaint(kRequired, {"optimizer.image_lr=fast"}), EndsWith("not a finite number"));
}

TEST(TrainConfig, ReleasedModeFixesWhatTheReleasedCodeFixes) {
  const TrainOptions options = load(kRequired, {"objective.mode=released"});
  EXPECT_EQ(options.objective.negatives, Negatives::kAll);
  EXPECT_EQ(load(dump_train_config(options)), options);
  for (const char* bad : {"objective.negatives=valid", "objective.positives=knowledge",
                          "objective.renormalize_local=true"}) {
    EXPECT_THAT(complaint(kRequired, {"objective.mode=released", bad}),
                AllOf(StartsWith("override '" + std::string(bad) + "': "),
                      HasSubstr("contradicts objective.mode: released")));
  }
}

TEST(TrainConfig, TheObjectiveIsSelectedByNameOrByItsParts) {
  const auto selected = [](const std::vector<std::string>& overrides) {
    return selected_objective(load(kRequired, overrides).objective);
  };
  const std::string mkcl = "objective.mkcl=false", local = "objective.local_alignment=false";
  EXPECT_EQ(selected({}), ObjectiveName::kMake);
  EXPECT_EQ(selected({mkcl}), ObjectiveName::kMake);
  EXPECT_EQ(selected({local}), ObjectiveName::kMake);
  EXPECT_EQ(selected({mkcl, local}), ObjectiveName::kClip);
  EXPECT_EQ(selected({"objective.name=make", mkcl}), ObjectiveName::kMake);
  EXPECT_EQ(selected({"objective.name=clip"}), ObjectiveName::kClip);
  const TrainOptions clip = load(kRequired, {"objective.name=clip", mkcl});
  EXPECT_FALSE(clip.objective.mkcl);
  EXPECT_FALSE(clip.objective.local_alignment);
  EXPECT_EQ(load(dump_train_config(clip)), clip);
}

TEST(TrainConfig, ANameThatContradictsThePartsIsRefused) {
  for (const char* bad : {"objective.mkcl=true", "objective.local_alignment=true"}) {
    EXPECT_THAT(complaint(kRequired, {"objective.name=clip", bad}),
                AllOf(StartsWith("override '" + std::string(bad) + "': "),
                      HasSubstr("contradicts objective.name: clip")));
  }
  EXPECT_THAT(complaint(kRequired, {"objective.name=make", "objective.mkcl=false",
                                    "objective.local_alignment=false"}),
              AllOf(StartsWith("override 'objective.name=make': "), HasSubstr("use name: clip")));
  EXPECT_THAT(complaint(kRequired, {"objective.name=siglip"}),
              EndsWith("is not one of auto, make, clip"));
}

TEST(TrainConfig, AnObjectiveChecksItsOwnSettingsOnly) {
  const std::string clip = "objective.name=clip";
  EXPECT_EQ(load(kRequired, {clip, "objective.num_subcaptions=0"}).objective.num_subcaptions, 0);
  EXPECT_EQ(load(kRequired, {clip, "objective.lambda_s=0"}).objective.lambda_s, 0);
  EXPECT_THAT(complaint(kRequired, {clip, "objective.lambda_m=0"}),
              HasSubstr("objective.lambda_m = 0 leaves nothing to train: plain CLIP"));
}

TEST(TrainConfig, TheObjectiveAloneIsReadFromItsOwnKeys) {
  EXPECT_EQ(objective_options({}), ObjectiveOptions());
  const ObjectiveOptions options =
      objective_options({"positives=knowledge", "sigma=0.3", "num_subcaptions=0"});
  EXPECT_EQ(options.positives, LocalPositives::kKnowledge);
  EXPECT_EQ(options.sigma, 0.3);
  EXPECT_EQ(objective_options({"mode=released"}).negatives, Negatives::kAll);
  EXPECT_FALSE(objective_options({"name=clip"}).mkcl);
  EXPECT_THAT(config_error([] { objective_options({"sigm=0.3"}); }), EndsWith("key is 'sigma'"));
  EXPECT_THAT(config_error([] { objective_options({"sigma=2"}); }), HasSubstr("at most 1"));
}

TEST(TrainConfig, TrainingDataIsOneFolderOrSeveral) {
  EXPECT_EQ(load(kRequired).data.train, std::vector<std::string>{"shards"});
  EXPECT_EQ(load(kRequired, {"data.train=[a, b]"}).data.train,
            (std::vector<std::string>{"a", "b"}));
  EXPECT_THAT(dump_train_config(load(kRequired)), HasSubstr("\n  train: \"shards\"\n"));
  EXPECT_THAT(dump_train_config(load(kRequired, {"data.train=[a, b]"})),
              HasSubstr("\n  train: [\"a\", \"b\"]\n"));
  for (const char* none : {"data.train=", "data.train=[]", "data.train=\"\""}) {
    EXPECT_THAT(complaint(kRequired, {none}), HasSubstr("must name a folder")) << none;
  }
  EXPECT_THAT(complaint(kRequired, {"data.train=[a, \"\"]"}), HasSubstr("an empty folder name"));
  EXPECT_THAT(complaint(kRequired, {"data.train={a: b}"}), HasSubstr("not a text or a list of"));
  EXPECT_THAT(complaint(kRequired, {"data.train=[[a]]"}), HasSubstr("not a text or a list of"));
}

TEST(TrainConfig, ResamplingHasWeightsAndALength) {
  const TrainOptions options = load(kRequired, {"data.train=[a, b]", "data.sampling=resampled",
                                                "data.weights=[3, 0.5]", "data.epoch_samples=10"});
  EXPECT_EQ(options.data.weights, (std::vector<double>{3, 0.5}));
  EXPECT_EQ(options.data.epoch_samples, 10);
  const std::string resampled = "data.sampling=resampled";
  EXPECT_THAT(complaint(kRequired, {"data.weights=[1]"}), HasSubstr("contradicts data.sampling"));
  EXPECT_THAT(complaint(kRequired, {"data.epoch_samples=9"}),
              HasSubstr("contradicts data.sampling"));
  EXPECT_THAT(complaint(kRequired, {resampled, "data.weights=[1, 2]"}),
              HasSubstr("has 2 numbers, but data.train has 1 folders"));
  EXPECT_THAT(complaint(kRequired, {resampled, "data.weights=[0]"}), HasSubstr("must be above 0"));
  EXPECT_THAT(complaint(kRequired, {resampled, "data.weights=[x]"}), HasSubstr("finite numbers"));
  EXPECT_THAT(complaint(kRequired, {resampled, "data.weights=3"}), HasSubstr("finite numbers"));
  const auto digest = [&](const char* more) {
    return config_digest(load(kRequired, {resampled, more}));
  };
  EXPECT_NE(digest("data.weights=[2]"), digest("seed=0"));
  EXPECT_NE(digest("data.epoch_samples=2"), digest("seed=0"));
}

TEST(TrainConfig, TheDigestChangesExactlyWithWhatDefinesTheResult) {
  const TrainOptions base = load(kRequired);
  // Checkpoints hold this digest. If it changes, no existing run can be continued.
  EXPECT_EQ(config_digest(base),
            "5050a8776051730944611c4f9c6ec043befb134886ea2b21714e91646e33d959");
  EXPECT_EQ(config_digest(base), config_digest(load(kRequired)));
  EXPECT_EQ(config_digest(base), config_digest(load(kRequired, {"schedule.warmup=10000"})));
  for (const char* same : {"name=other",
                           "output=elsewhere",
                           "resume=false",
                           "from_optimizer=false",
                           "runtime.device=cpu",
                           "runtime.threads=2",
                           "runtime.timeout_s=10",
                           "runtime.log_every=3",
                           "runtime.bucket_mb=1",
                           "data.workers=9",
                           "data.prefetch=9",
                           "data.train=moved",
                           "data.stage=local",
                           "data.validation=v",
                           "data.on_corrupt=skip",
                           "data.max_corrupt=5",
                           "objective.name=auto",
                           "model.quick_gelu=auto",
                           "model.lock_image=none",
                           "model.lock_text=none",
                           "optimizer.image_lr=null",
                           "optimizer.text_weight_decay=",
                           "optimizer.layer_decay=1",
                           "validation.every_steps=5",
                           "validation.at_start=false",
                           "validation.on_failure=fail",
                           "checkpoint.every_steps=5",
                           "validation.batch_size=3",
                           "model.checkpointed_image_blocks=4",
                           "model.checkpointed_text_blocks=-1"}) {
    EXPECT_EQ(config_digest(load(kRequired, {same})), config_digest(base)) << same;
  }
  std::set<std::string> digests = {config_digest(base)};
  const std::vector<std::string> different = {"seed=1",
                                              "batch_size=65",
                                              "from=runs/a",
                                              "model.architecture=n.json",
                                              "model.pretrained=w",
                                              "model.quick_gelu=true",
                                              "model.quick_gelu=false",
                                              "model.precision=amp_bf16",
                                              "model.patch_dropout=0.5",
                                              "model.lock_image=all",
                                              "model.lock_image=0",
                                              "model.lock_image=1",
                                              "model.lock_text=all",
                                              "model.lock_text=1",
                                              "data.sampling=resampled",
                                              "data.shuffle_block=1",
                                              "data.shuffle_window=1",
                                              "augmentation.scale=[0.8, 1]",
                                              "augmentation.ratio=[1, 1]",
                                              "augmentation.color_jitter=[0, 0, 0, 0.1]",
                                              "augmentation.color_jitter_probability=0.5",
                                              "augmentation.gray_probability=0.5",
                                              "objective.name=make",
                                              "objective.name=clip",
                                              "objective.mode=released",
                                              "objective.negatives=all",
                                              "objective.positives=knowledge",
                                              "objective.renormalize_local=true",
                                              "objective.mkcl=false",
                                              "objective.local_alignment=false",
                                              "objective.subcaption_weights=false",
                                              "objective.num_subcaptions=7",
                                              "objective.lambda_m=0.9",
                                              "objective.lambda_s=0.6",
                                              "objective.sigma=0.1",
                                              "optimizer.lr=0.00050000000000000012",
                                              "optimizer.beta1=0.8",
                                              "optimizer.beta2=0.9",
                                              "optimizer.eps=1e-7",
                                              "optimizer.weight_decay=0.3",
                                              "optimizer.image_lr=5e-4",
                                              "optimizer.text_lr=5e-4",
                                              "optimizer.image_weight_decay=0",
                                              "optimizer.text_weight_decay=0",
                                              "optimizer.layer_decay=0.5",
                                              "optimizer.clip_norm=1",
                                              "schedule.epochs=31",
                                              "schedule.max_steps=20000",
                                              "schedule.warmup=9999"};
  for (const auto& change : different) digests.insert(config_digest(load(kRequired, {change})));
  EXPECT_EQ(digests.size(), different.size() + 1);
}

}  // namespace
}  // namespace dermatome
