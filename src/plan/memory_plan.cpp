#include "src/plan/memory_plan.h"

#include <algorithm>

#include "sharding/dataset.h"
#include "src/config/train_options.h"
#include "src/objective/create_objective.h"
#include "src/train/training_model.h"

namespace dermatome {
namespace {

constexpr double kFloat = 4, kMiB = 1 << 20;

// Measured with a tiny model: code, libraries' buffers, tokenizer. On a GPU there are also the CUDA
// context and NCCL's buffers; their size is an assumption.
constexpr double kProcessBytes = 170 * kMiB;
constexpr double kGpuContextBytes = 1500 * kMiB;
// glibc rarely uses a freed block again for an aligned one of the same size: as measured, its heap
// grows by twice what a backward pass uses and frees, and by once what encoding images holds. It
// maps blocks that are larger than kLargestHeapBlock and gives them back one by one.
constexpr double kHeapHoles = 2, kEncodingHoles = 1, kLargestHeapBlock = 32 * kMiB;
// Batches that the loader's readers, the feed and the step hold in addition to data.prefetch.
constexpr double kBatchesInHand = 3;

// Bytes per element of the residual stream, of the extra copy that layer norm keeps, and of all
// other activations.
struct Widths {
  double stream, norm_copy, other;
};

Widths image_widths(Precision precision) {
  return precision == Precision::kFp32 ? Widths{4, 0, 4} : Widths{2, 4, 2};
}

// A sum that is normalized and goes on in float32 is copied for the products.
Widths text_widths(Precision precision, NormPlace norm) {
  if (precision == Precision::kFp32) return {4, 0, 4};
  return {4, norm == NormPlace::kAfter ? 4.0 : 0.0, 2};
}

struct Tower {
  double width, mlp_width;
  int64_t layers, checkpointed;
  TowerLock lock;
  Widths bytes;

  int64_t trained_blocks() const { return num_trained_blocks(lock, layers); }
  // Whether the embeddings, or the final norm and the projection, have a gradient.
  bool trains_embeddings() const { return num_locked_layers(lock, layers) == 0; }
  bool trains_head() const { return num_locked_layers(lock, layers) < layers + 2; }
};

// A tower's rows and positions (src/model/attention_layout.h) in one encoding.
struct Rows {
  double rows, positions, read;
  bool packed;     // positions are looked up, and rows found again
  bool reads_all;  // the last block computes all rows
};

// What autograd keeps of a block: its input and the stream between attention and MLP, each as it is
// and normalized; queries, keys and values; their mixture; the MLP's hidden values.
double kept_by_block(const Tower& tower, const Rows& n) {
  const auto& [stream, norm_copy, other] = tower.bytes;
  const double row = 2 * (stream + norm_copy + other) * tower.width + other * tower.width +
                     other * tower.mlp_width;
  const double position = (n.packed ? 4 : 3) * other * tower.width;
  return n.rows * row + n.positions * position;
}

// The same for a last block of which only some rows are read.
double kept_by_last_block(const Tower& tower, const Rows& n) {
  if (n.reads_all) return kept_by_block(tower, n);
  const auto& [stream, norm_copy, other] = tower.bytes;
  const double normed = (stream + norm_copy + other) * tower.width;
  return n.rows * normed + n.positions * 2 * other * tower.width +
         n.read * (normed + 3 * other * tower.width + other * tower.mlp_width);
}

// What a block's backward pass uses in the MLP: two tensors of the hidden width, and the gradients
// of the stream.
double used_by_backward(const Tower& tower, const Rows& n) {
  if (tower.trained_blocks() == 0) return 0;
  return n.rows * tower.bytes.other * (2 * tower.mlp_width + 2 * tower.width);
}

// What a block's forward pass uses that keeps nothing, because no gradient goes below it: the
// hidden values before and after the activation, and four tensors of the stream's width.
double used_by_locked(const Tower& tower, const Rows& n) {
  if (tower.trained_blocks() == tower.layers) return 0;
  return n.rows * tower.bytes.other * (2 * tower.mlp_width + 4 * tower.width);
}

double kept_by_tower(const Tower& tower, const Rows& n) {
  const int64_t trained = tower.trained_blocks(), locked = tower.layers - trained;
  if (trained == 0) return 0;
  const int64_t again =
      std::max(num_checkpointed(tower.checkpointed, tower.layers), locked) - locked;
  const double input = n.rows * tower.bytes.stream * tower.width;
  const double block = kept_by_block(tower, n);
  const auto inputs = static_cast<double>(again);
  if (again == trained) return inputs * input + block;  // one at a time is computed again
  return inputs * input + static_cast<double>(trained - again - 1) * block +
         kept_by_last_block(tower, n);
}

struct Activations {
  double kept, in_backward;
  double in_forward;     // used by locked blocks
  double largest_block;  // the hidden values of an MLP
};

// What is in memory while a benchmark's images are encoded, without gradients.
struct Encoding {
  double pixels;  // as bytes and as the tower takes them
  // The tensors in a block's MLP. Of the stream's width: the block's input, attention's output, the
  // MLP's input and output. Of the hidden width: the values before and after the activation.
  double stream_tensor, num_streams = 4;
  double hidden_tensor, num_hidden = 2;

  double bytes() const { return pixels + num_streams * stream_tensor + num_hidden * hidden_tensor; }
};

double heap_holes(const Activations& activations) {
  if (activations.largest_block > kLargestHeapBlock) return 0;
  return std::max(kHeapHoles * activations.in_backward, kEncodingHoles * activations.in_forward);
}

double heap_holes(const Encoding& encoding) {
  const auto on_heap = [](double bytes) { return bytes <= kLargestHeapBlock ? bytes : 0; };
  return kEncodingHoles * (encoding.num_streams * on_heap(encoding.stream_tensor) +
                           encoding.num_hidden * on_heap(encoding.hidden_tensor));
}

double hidden_bytes(const Tower& tower, const Rows& n) {
  return n.rows * tower.bytes.other * tower.mlp_width;
}

// The numbers in the pixels of `images` images.
double num_values(const VisionConfig& vision, double images) {
  const auto side = static_cast<double>(vision.image_size);
  return images * 3 * side * side;
}

// The images of a micro-batch.
int64_t images_of_piece(const TrainOptions& options, const StepLoad& load) {
  return (load.images + options.accum - 1) / options.accum;
}

Activations image_activations(const ClipConfig& config, const TrainOptions& options,
                              const StepLoad& load) {
  const VisionConfig& vision = config.vision;
  const Tower tower{static_cast<double>(vision.width),
                    static_cast<double>(vision.mlp_width()),
                    vision.layers,
                    options.model.checkpointed_image_blocks,
                    options.model.lock_image,
                    image_widths(options.model.precision)};
  const auto images = static_cast<double>(images_of_piece(options, load));
  const double rows = images * static_cast<double>(load.tokens_per_image);
  const bool patches = create_objective(options.objective)->needs_patches();
  const bool reads_all = patches || vision.reads_all_tokens();
  const double read = reads_all ? rows : images;
  const double projected = patches ? rows : images;
  const auto d = static_cast<double>(config.embed_dim);
  const Rows n{
      .rows = rows, .positions = rows, .read = read, .packed = false, .reads_all = reads_all};
  // The pixels, the embedded patches, the normalized output of the last block, and the features
  // before and after their normalization.
  double ends = projected * 2 * d * kFloat;
  if (tower.trains_embeddings()) {
    ends +=
        num_values(vision, images) * tower.bytes.other + rows * tower.bytes.stream * tower.width;
  }
  if (tower.trains_head()) ends += read * (tower.bytes.stream + tower.bytes.other) * tower.width;
  // The backward pass also holds the gradients of the patches, from the objective and in the tower.
  return {kept_by_tower(tower, n) + ends,
          used_by_backward(tower, n) + (patches ? 2 * projected * d * kFloat : 0),
          used_by_locked(tower, n), hidden_bytes(tower, n)};
}

Activations text_activations(const ClipConfig& config, const TrainOptions& options,
                             const StepLoad& load) {
  const TextTowerShape text = Clip(config, c10::kMeta).text_tower().shape();
  const Tower tower{static_cast<double>(text.blocks.width),
                    static_cast<double>(text.blocks.mlp_width),
                    text.blocks.layers,
                    options.model.checkpointed_text_blocks,
                    options.model.lock_text,
                    text_widths(options.model.precision, text.norm)};
  const auto pieces = static_cast<double>(options.accum);
  const Rows n{.rows = load.texts.rows / pieces,
               .positions = load.texts.positions / pieces,
               .read = load.texts.texts / pieces,
               .packed = true,
               .reads_all = text.reads_all_rows};
  // The embeddings too are normalized where sums are.
  const double ends =
      n.read * (3 * tower.width + 2 * static_cast<double>(config.embed_dim)) * kFloat +
      (text.norm == NormPlace::kAfter && tower.trains_embeddings() ? n.rows * tower.width * kFloat
                                                                   : 0);
  return {kept_by_tower(tower, n) + ends, used_by_backward(tower, n), used_by_locked(tower, n),
          hidden_bytes(tower, n)};
}

Encoding validation_encoding(const ClipConfig& config, const TrainOptions& options,
                             const StepLoad& load) {
  const VisionConfig& vision = config.vision;
  const double number = image_widths(options.model.precision).other;
  const auto images = static_cast<double>(load.validation_images);
  const double rows = images * static_cast<double>(tokens_per_image(vision, /*patch_dropout=*/0));
  return {.pixels = num_values(vision, images) * (1 + kFloat),
          .stream_tensor = rows * number * static_cast<double>(vision.width),
          .hidden_tensor = rows * number * static_cast<double>(vision.mlp_width())};
}

}  // namespace

MemoryPlan plan_memory(const ClipConfig& config, const TrainOptions& options, const StepLoad& load,
                       bool on_gpu) {
  const Clip shapes = training_model(config, options.model, c10::kMeta);
  const double parameters = static_cast<double>(shapes.num_parameters()) * kFloat;
  const double trained = static_cast<double>(shapes.num_trained_parameters()) * kFloat;
  const Activations image = image_activations(config, options, load);
  const Activations text = text_activations(config, options, load);
  const double objective =
      create_objective(options.objective)->cost(objective_load(config, load)).bytes;
  // The peak is one of two moments: both towers' activations are kept while the objective or the
  // text tower's backward pass runs, or the text tower is done and the image tower's backward pass
  // runs. With micro-batches only one tower's activations exist at a time.
  const bool at_once = options.accum == 1;
  const double text_kept = at_once ? text.kept : 0;
  // A locked tower's blocks keep nothing, but need memory while they run.
  const double before =
      std::max({image.kept + text_kept + std::max(objective, at_once ? text.in_backward : 0),
                text_kept + image.in_forward, text.in_forward});
  const double during = image.kept + image.in_backward + (at_once ? 0 : objective);
  const double texts_alone = at_once ? 0 : text.kept + text.in_backward + objective;
  const bool text_is_there = at_once && before >= during;
  // A benchmark's images, in addition to what malloc keeps of the steps before.
  const Encoding encoded = validation_encoding(config, options, load);
  const bool beside = !on_gpu && encoded.hidden_tensor > kLargestHeapBlock &&
                      image.largest_block <= kLargestHeapBlock;
  const double steps = std::max({before, during, texts_alone});
  const double steps_kept = beside ? steps : 0;

  MemoryPlan plan;
  plan.parameter_bytes = parameters;
  plan.trained_bytes = trained;
  const auto add = [&](const char* what, double bytes, bool on_host = false) {
    plan.parts.push_back({what, bytes, on_host});
    (on_gpu && on_host ? plan.host_bytes : plan.device_bytes) += bytes;
  };
  add("parameters", parameters);
  add("gradients", trained);
  add("optimizer state", 2 * trained);
  if (encoded.bytes() + steps_kept > steps) {
    add("validation, images of a batch", encoded.bytes());
    if (beside) add("freed memory that malloc keeps of the steps", steps_kept);
  } else if (texts_alone > std::max(before, during)) {
    add("text tower, kept for its backward pass", text.kept);
    add("text tower, backward pass", text.in_backward);
    add("objective", objective);
  } else {
    add("image tower, kept for its backward pass", image.kept);
    if (text_is_there) add("text tower, kept for its backward pass", text.kept);
    add("backward pass of a block, or the objective",
        std::max(before, during) - image.kept - (text_is_there ? text.kept : 0));
  }
  // The loader holds one byte per value.
  add("batches ready",
      (static_cast<double>(options.data.prefetch) + kBatchesInHand) *
          num_values(config.vision, static_cast<double>(load.images)),
      /*on_host=*/true);
  if (load.num_samples > 0) {
    add("the shards' metadata",
        std::min(static_cast<double>(load.num_samples * kMetadataBytesPerSample),
                 static_cast<double>(OpenShardLimits{}.bytes)),
        /*on_host=*/true);
  }
  add("process and libraries", kProcessBytes, /*on_host=*/true);
  if (on_gpu) {
    add("CUDA context and NCCL", kGpuContextBytes);
  } else if (const double holes =
                 std::max(heap_holes(image), heap_holes(text)) + heap_holes(encoded);
             holes > 0) {
    add("freed memory that malloc does not find again", holes);
  }
  return plan;
}

}  // namespace dermatome
