// Every setting of a training as plain structs with defaults. Read from YAML by
// src/config/train_config.h, validated once, const afterwards. A field's
// YAML key is its name, a struct's its section's.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace dermatome {

// --- objective: (equations: src/objective/OBJECTIVE.md) ---

// kPaper: the definitions as intended, on the global batch. kReleased: what MAKE's released code
// computes on one process, quirks included, to reproduce its checkpoints.
enum class ObjectiveMode { kPaper, kReleased };
// Which captions are negatives in the image-to-text softmaxes: those that exist, or all rows.
enum class Negatives { kValid, kAll };
// Positives of the local term: subcaptions only, or every caption but the raw one.
enum class LocalPositives { kSub, kKnowledge };

struct ObjectiveOptions {
  ObjectiveMode mode = ObjectiveMode::kPaper;       // paper | released
  Negatives negatives = Negatives::kValid;          // valid | all
  LocalPositives positives = LocalPositives::kSub;  // sub | knowledge
  bool renormalise_local = false;                   // L2-normalise SLRA's pooled vector
  bool mkcl = true;                                 // false: plain CLIP on the raw caption
  bool local_alignment = true;                      // SLRA
  bool subcaption_weights = true;                   // diagnosis-guided weights
  int64_t num_subcaptions = 8;                      // J; N = 3 + J captions a sample
  double lambda_m = 1.0;                            // weight of MKCL
  double lambda_s = 0.7;                            // weight of SLRA
  // SLRA selects only patches whose cosine with the raw caption is at least this.
  double sigma = 0.0;

  bool operator==(const ObjectiveOptions&) const = default;
};

// --- model: ---

enum class Precision { kFp32, kAmpBf16 };

struct ModelOptions {
  std::string architecture;  // path of an open_clip model configuration (JSON)
  std::string pretrained;    // hub-layout directory or file of weights; empty: random weights
  Precision precision = Precision::kFp32;  // fp32 | amp_bf16
  // Activation checkpointing: so many of a tower's blocks, from the first, are computed again in
  // the backward pass instead of keeping their activations; -1: all. The result is the same.
  int64_t checkpointed_image_blocks = 0;
  int64_t checkpointed_text_blocks = 0;
  double patch_dropout = 0;  // share of an image's patches, at random, that training leaves out

  bool operator==(const ModelOptions&) const = default;
};

// --- data: ---

// The order of training samples: each once an epoch, or drawn with replacement.
enum class Sampling { kShuffle, kResampled };

// What a training does that meets a damaged record: end, or leave it out.
enum class Corrupt { kFail, kSkip };
// Where training pictures are resized and their colours changed; they are decoded on the host.
enum class AugmentOn { kHost, kDevice };

struct DataOptions {
  std::vector<std::string> train;  // directories of the training shards
  std::string stage;               // node-local folder to copy them to first; empty: none
  std::string validation;          // directory of shards for the validation loss; empty: none
  Sampling sampling = Sampling::kShuffle;  // shuffle | resampled
  // resampled: the share of the draws that each directory gets, relative to the others'; empty: by
  // their numbers of samples.
  std::vector<double> weights;
  int64_t epoch_samples = 0;    // resampled: draws an epoch; 0: as many as samples
  int64_t workers = 2;          // reader threads a rank
  int64_t prefetch = 4;         // batches a rank holds ready
  int64_t shuffle_block = 64;   // samples a block of the order (read together)
  int64_t shuffle_window = 64;  // blocks whose samples are mixed
  // skip: another sample stands in, the same whatever the ranks, and the log names the record.
  Corrupt on_corrupt = Corrupt::kFail;  // fail | skip
  int64_t max_corrupt = 100;  // records a rank and start leaves out before it ends after all
  // device: the host's readers only decode and cut, the model's device does the rest; the same
  // pixels.
  AugmentOn augment_on = AugmentOn::kHost;  // host | device

  bool operator==(const DataOptions&) const = default;
};

struct AugmentationOptions {
  std::array<double, 2> scale = {0.9, 1.0};           // area of the random crop
  std::array<double, 2> ratio = {3.0 / 4, 4.0 / 3};   // aspect ratio of the random crop
  std::array<double, 4> color_jitter = {0, 0, 0, 0};  // brightness, contrast, saturation, hue
  double color_jitter_probability = 0;                // of an image being jittered
  double gray_probability = 0;                        // of an image losing its colour

  bool operator==(const AugmentationOptions&) const = default;
};

// --- optimizer:, schedule: ---

// What a step whose loss or gradient is not finite does, which is never applied: end the run, or
// only be reported.
enum class NonFinite { kFail, kSkip };

struct OptimizerOptions {
  double lr = 5e-4;  // peak learning rate
  double beta1 = 0.9;
  double beta2 = 0.98;
  double eps = 1e-6;
  // On matrices only: not on gains, biases, class embedding, logit scale.
  double weight_decay = 0.2;
  double clip_norm = 0;                     // global gradient norm; 0: no clipping
  NonFinite non_finite = NonFinite::kFail;  // fail | skip

  bool operator==(const OptimizerOptions&) const = default;
};

struct ScheduleOptions {
  int64_t epochs = 32;
  int64_t max_steps = 0;   // stop (and end the cosine) there; 0: epochs decide
  int64_t warmup = 10000;  // steps of linear warm-up

  bool operator==(const ScheduleOptions&) const = default;
};

// --- checkpoint:, validation:, runtime: ---

struct CheckpointOptions {
  int64_t every_epochs = 1;  // 0: not by epochs
  int64_t every_steps = 0;   // 0: not by steps
  int64_t keep = 0;          // newest ones kept; 0: all

  bool operator==(const CheckpointOptions&) const = default;
};

enum class ValidationFailure { kReport, kFail };

struct ValidationOptions {
  int64_t every_epochs = 1;  // 0: not by epochs
  int64_t every_steps = 0;   // 0: not by steps
  bool at_start = true;      // also before the first step
  // A benchmark that could not be scored, or damage in data.validation: end the run, or only be
  // reported.
  ValidationFailure on_failure = ValidationFailure::kReport;  // report | fail
  std::vector<std::string> benchmarks;                        // benchmark YAML files
  int64_t batch_size = 256;  // images (or texts) an encode call, a rank

  bool operator==(const ValidationOptions&) const = default;
};

enum class DeviceChoice { kAuto, kCpu, kCuda };

struct RuntimeOptions {
  DeviceChoice device = DeviceChoice::kAuto;  // auto | cpu | cuda
  int64_t threads = 0;     // intra-op threads a rank; 0: allowed cores / local ranks
  double timeout_s = 300;  // of every collective
  int64_t log_every = 10;  // steps between log lines
  int64_t bucket_mb = 25;  // gradient all-reduce bucket

  bool operator==(const RuntimeOptions&) const = default;
};

struct TrainOptions {
  std::string name;             // run name, a folder's; empty: the configuration file's stem
  std::string output = "runs";  // the run's files: <output>/<name>/
  uint64_t seed = 0;
  int64_t batch_size = 64;  // global: over all ranks
  int64_t accum = 1;        // micro-batches a rank and step: the same result in less memory
  bool resume = true;       // continue from the run's newest checkpoint that verifies
  ModelOptions model;
  DataOptions data;
  AugmentationOptions augmentation;
  ObjectiveOptions objective;
  OptimizerOptions optimizer;
  ScheduleOptions schedule;
  CheckpointOptions checkpoint;
  ValidationOptions validation;
  RuntimeOptions runtime;

  bool operator==(const TrainOptions&) const = default;
};

}  // namespace dermatome
