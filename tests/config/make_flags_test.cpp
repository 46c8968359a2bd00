#include "src/config/make_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "src/config/config_difference.h"
#include "src/config/train_config.h"
#include "src/config/train_options.h"
#include "src/core/text.h"
#include "tests/config/config_error.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TrainOptions options_of(const std::string& command) {
  return load_train_config(write_yaml(configuration_from_flags(command), "run.yaml"), {});
}

const std::string kNeeded = "--model ViT-B-32 --train-data shards --workers 3 ";

const char* kMakesCommand = R"sh(
    python src/main.py --lr=1e-4 --wd=0.1 --warmup 1500 --epochs=15 --batch-size 2048 --workers=32 \
      --model ViT-B-16 --pretrained OPENAI --grad-checkpointing --local-loss --dataset-resampled \
      --train-data=data/pretrain/MAKE_training.csv --val-data=data/pretrain/MAKE_valid.csv \
      --csv-img-key filename --csv-caption-key truncated_caption --csv-label-key label \
      --aug-cfg scale="(0.4, 1.0)" color_jitter="(0.32, 0.32, 0.32, 0.08)" \
        color_jitter_prob=0.8 gray_scale_prob=0.2 \
      --MKCL --subcaptions --use_disease_specific_weight --num_subcaptions 8 \
      --lambda_m 1.0 --lambda_s 0.7 \ # the weights
      --zeroshot-frequency 1 --save-frequency 15 --logs logs/)sh";

TEST(MakeFlags, TheReleasedCommandIsTheRecipe) {
  const TrainOptions recipe =
      load_train_config(DERMATOME_SOURCE_DIR "/configs/make_vit_b16.yaml", {});
  std::set<std::string> keys;
  for (const auto& difference : config_differences(recipe, options_of(kMakesCommand))) {
    keys.insert(difference.key);
  }
  EXPECT_EQ(options_of(kMakesCommand).model.architecture, "ViT-B-16-quickgelu");
  // Places of files, and the order that stands in for a full permutation.
  EXPECT_EQ(keys, (std::set<std::string>{"name", "output", "data.train", "data.validation",
                                         "model.architecture", "data.shuffle_window"}));
}

TEST(MakeFlags, CommentsNameWhatHasNoCounterpartAndWhatToDo) {
  EXPECT_THAT(
      configuration_from_flags(kMakesCommand),
      AllOf(HasSubstr("# - --dataset-resampled: it has no effect on tables, only on archives."),
            HasSubstr("# - --local-loss: nothing here corresponds to it: the loss is that of the"),
            HasSubstr("`dermatome shard --csv\n#   data/pretrain/MAKE_training.csv --images DIR "
                      "--output shards/MAKE_training`."),
            HasSubstr("# - --pretrained OPENAI: open_clip downloads these weights"),
            HasSubstr("\n  pretrained: \"weights/ViT-B-16-openai\"\n"),
            HasSubstr("# - --precision amp (a default): amp_bf16 takes"),
            Not(HasSubstr("--warmup"))));
}

TEST(MakeFlags, TheBatchIsThatOfAllProcessesAndMicroBatches) {
  const std::string flags = kNeeded + "--batch-size 32 --accum-freq 2";
  EXPECT_EQ(options_of(flags).batch_size, 64);
  EXPECT_EQ(options_of(flags).accum, 2);
  EXPECT_THAT(configuration_from_flags(flags), HasSubstr("Multiply it by the number of processes"));
  for (const char* launcher :
       {"torchrun --nproc_per_node 4 --nnodes=2 -m open_clip_train.main -- ",
        "CUDA_VISIBLE_DEVICES=0 torchrun --nnodes 2 --nproc-per-node=4 main.py ",
        "python -m torch.distributed.run --nproc_per_node 8 -m open_clip_train.main "}) {
    EXPECT_EQ(options_of(launcher + flags).batch_size, 512) << launcher;
    EXPECT_THAT(configuration_from_flags(launcher + flags), HasSubstr("8 processes x 2"));
  }
}

TEST(MakeFlags, DefaultsOfOpenClipAreWrittenOut) {
  const TrainOptions options = options_of(kNeeded);
  EXPECT_EQ(options.batch_size, 64);
  EXPECT_EQ(options.schedule.warmup, 10000);
  EXPECT_EQ(options.model.precision, Precision::kAmpBf16);
  EXPECT_EQ(options.objective.name, ObjectiveName::kClip);
  EXPECT_EQ(options.model.architecture, "ViT-B-32");
  EXPECT_EQ(options.optimizer, OptimizerOptions());
}

TEST(MakeFlags, TakesEveryKindOfFlag) {
  const TrainOptions options = options_of(
      kNeeded +
      "--name 'a run' --logs out --seed 7 --lr 3e-4 --beta1 0.8 --beta2 .95 --eps 1e-8 --epochs 3 "
      "--grad-clip-norm 1.5 --precision fp32 --force-patch-dropout 0.5 --force-quick-gelu "
      "--save-frequency 2 --delete-previous-checkpoint --val-frequency 4 --log-every-n-steps 5 "
      "--device cuda:0 --pretrained old/epoch_3.pt");
  EXPECT_EQ(options.name, "a run");
  EXPECT_EQ(options.output, "out");
  EXPECT_EQ(options.seed, 7u);
  EXPECT_EQ(
      options.optimizer,
      (OptimizerOptions{.lr = 3e-4, .beta1 = .8, .beta2 = .95, .eps = 1e-8, .clip_norm = 1.5}));
  EXPECT_EQ(options.schedule.epochs, 3);
  EXPECT_EQ(options.model, (ModelOptions{.architecture = "ViT-B-32-quickgelu",
                                         .pretrained = "old/epoch_3.pt",
                                         .quick_gelu = QuickGelu::kTrue,
                                         .patch_dropout = 0.5}));
  EXPECT_EQ(options.checkpoint, (CheckpointOptions{.every_epochs = 2, .keep = 1}));
  EXPECT_EQ(options.validation.every_epochs, 4);
  EXPECT_EQ(options.runtime.log_every, 5);
  EXPECT_EQ(options.runtime.device, DeviceChoice::kCuda);
  EXPECT_EQ(options.data.workers, 3);
}

// open_clip's groups of a tower are, from the end: the projection, the last block with the final
// norm, each other block, the embeddings.
TEST(MakeFlags, ALockLeavesTheSameBlocksUnlocked) {
  const auto model = [](const std::string& flags) { return options_of(kNeeded + flags).model; };
  EXPECT_EQ(model("--lock-image").lock_image, TowerLock{LockedPart::kAll});
  EXPECT_EQ(model("--lock-image").lock_text, TowerLock{});
  EXPECT_EQ(model("--lock-image --lock-image-unlocked-groups 3").lock_image,
            (TowerLock{LockedPart::kFirst, 2}));
  EXPECT_EQ(model("--lock-text --lock-text-unlocked-layers=2").lock_text,
            (TowerLock{LockedPart::kFirst, 1}));
  const std::string projection = kNeeded + "--lock-text --lock-text-unlocked-layers 1";
  EXPECT_EQ(options_of(projection).model.lock_text, (TowerLock{LockedPart::kFirst, 0}));
  EXPECT_THAT(configuration_from_flags(projection),
              HasSubstr("# - --lock-text: open_clip trains the projection alone, here the final"));
  // Without the lock they do nothing.
  EXPECT_EQ(model("--lock-image-unlocked-groups 3").lock_image, TowerLock{});
}

TEST(MakeFlags, ArchivesTablesAndSeveralSourcesBecomeFoldersOfShards) {
  const std::string flags = "--model ViT-B-16 --dataset-resampled --train-num-samples 1000 ";
  const TrainOptions options =
      options_of(flags + "--train-data '/d/cc3m/{000..331}.tar::/d/skin.tsv::mine'");
  EXPECT_EQ(options.data.train, (std::vector<std::string>{"shards/cc3m", "shards/skin", "mine"}));
  EXPECT_EQ(options.data.sampling, Sampling::kResampled);
  EXPECT_EQ(options.data.epoch_samples, 1000);
  EXPECT_THAT(
      configuration_from_flags(flags + "--train-data a.csv --csv-img-key path --csv-separator ,"),
      AllOf(HasSubstr("--image-column path --separator , --output"),
            HasSubstr("# - --train-num-samples 1000: here it is called 'data.epoch_samples'")));
}

TEST(MakeFlags, TheActivationIsThatOfTheModelUnlessOpenAisWeightsSayIt) {
  const auto activation = [](const std::string& flags) {
    return options_of(kNeeded + flags).model.quick_gelu;
  };
  EXPECT_EQ(activation(""), QuickGelu::kAuto);
  EXPECT_EQ(activation("--pretrained openai"), QuickGelu::kAuto);
  EXPECT_EQ(activation("--pretrained laion2b_s34b_b79k"), QuickGelu::kFalse);
  EXPECT_EQ(activation("--pretrained epoch_3.pt --model ViT-B-16-quickgelu"), QuickGelu::kTrue);
}

TEST(MakeFlags, ModelsOfAHubAreFolders) {
  EXPECT_THAT(configuration_from_flags("--model hf-hub:xieji-x/MAKE"),
              AllOf(HasSubstr("`hf download xieji-x/MAKE\n#   --local-dir MAKE`."),
                    HasSubstr("architecture: \"MAKE/open_clip_config.json\"\n")));
  EXPECT_THAT(configuration_from_flags("--model local-dir:/m"), HasSubstr("pretrained: \"/m\"\n"));
}

TEST(MakeFlags, RemarksOnWhatItDoesNotKnow) {
  EXPECT_THAT(
      configuration_from_flags(kNeeded + "--frobnicate 3 --aug-cfg use_timm=True color_jitter=0.3 "
                                         "--lr-scheduler const --zeroshot-eval1 a.csv --logs $LOGS "
                                         "--OHCL"),
      AllOf(HasSubstr("# - --frobnicate 3: it is not known here as a flag"),
            HasSubstr("# - --aug-cfg use_timm=True: there is no such augmentation."),
            HasSubstr("# - --aug-cfg color_jitter=0.3: augmentation.color_jitter takes four"),
            HasSubstr("# - --lr-scheduler const: the learning rate always follows a cosine"),
            HasSubstr("# - --zeroshot-eval1 a.csv: here it is called 'validation.benchmarks'"),
            HasSubstr("# - --logs $LOGS: it holds a variable of the shell"),
            HasSubstr("# - --OHCL: nothing here corresponds to it")));
  EXPECT_THAT(configuration_from_flags("--lr 1e-4"),
              AllOf(HasSubstr("# - --model: it is not given"),
                    HasSubstr("# - --train-data: it is not given")));
}

TEST(MakeFlags, PathsMayHaveBlanks) {
  for (const char* path :
       {R"(my\ data/train.csv)", "'my data/train.csv'", R"("my data"/train.csv)"}) {
    const std::string flags = text("--model ViT-B-32 --train-data ", path);
    EXPECT_THAT(configuration_from_flags(flags), HasSubstr("--csv 'my data/train.csv'")) << path;
    EXPECT_EQ(options_of(flags).data.train, std::vector<std::string>{"shards/train"}) << path;
  }
  EXPECT_THAT(configuration_from_flags("--model ViT-B-32 --train-data $DATA/train.csv"),
              HasSubstr("--csv $DATA/train.csv"));
  EXPECT_EQ(options_of(R"(--model ViT-B-32 --train-data my\ shards)").data.train,
            std::vector<std::string>{"my shards"});
}

TEST(MakeFlags, EndsWhereTheShellGoesOn) {
  for (const char* rest : {"2>&1 | tee log", "> log.txt", "&& echo done --lr 5", "& wait"}) {
    EXPECT_EQ(options_of(text(kNeeded, "--lr 1e-3 ", rest)).optimizer.lr, 1e-3) << rest;
  }
}

TEST(MakeFlags, RefusesWhatIsNoCommandOfATraining) {
  EXPECT_THAT(config_error([] { configuration_from_flags("ls -l --frobnicate"); }),
              HasSubstr("holds no flag of open_clip or MAKE, but --frobnicate, -l; give the"));
}

TEST(MakeFlags, RefusesValuesThatAFlagDoesNotTake) {
  EXPECT_EQ(config_error([] { configuration_from_flags("--lr 1e-4 2e-4"); }),
            "--lr takes one value, but has '1e-4', '2e-4'");
  EXPECT_EQ(config_error([] { configuration_from_flags("--batch-size 3 'a b'"); }),
            "--batch-size takes one value, but has '3', 'a b'");
  EXPECT_EQ(config_error([] { configuration_from_flags("--name a b"); }),
            "--name takes one value, but has 'a', 'b'");
  EXPECT_EQ(config_error([] { configuration_from_flags("--MKCL=true"); }),
            "--MKCL takes no value, but has 'true'");
}

TEST(MakeFlags, RefusesValuesThatTheSettingDoesNotTake) {
  EXPECT_EQ(config_error([] { configuration_from_flags("--batch-size many"); }),
            "--batch-size has the value 'many', which is no whole number");
  EXPECT_THAT(config_error([] { configuration_from_flags("--lr fast"); }),
              HasSubstr("--lr fast: optimizer.lr = fast is not a finite number"));
  EXPECT_THAT(config_error([] { configuration_from_flags("--beta2 1"); }),
              testing::ContainsRegex("^--beta2 1: optimizer.beta2 = 1 must be"));
  EXPECT_THAT(config_error([] { configuration_from_flags("--warmup soon"); }),
              HasSubstr("--warmup soon: schedule.warmup = soon"));
  EXPECT_THAT(config_error([] { configuration_from_flags("--aug-cfg scale=x"); }),
              HasSubstr("--aug-cfg scale=x: "));
  EXPECT_EQ(config_error([] { configuration_from_flags("python src/main.py"); }),
            "the command line holds no flag such as --batch-size 64");
}

}  // namespace
}  // namespace dermatome
