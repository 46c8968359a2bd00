#include "src/weights/weights.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <set>
#include <utility>

#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/quoted.h"
#include "src/core/text.h"
#include "src/model/vision_names.h"
#include "src/weights/architectures.h"
#include "src/weights/description.h"
#include "src/weights/foreign/clip_model.h"
#include "src/weights/foreign/clip_model_config.h"
#include "src/weights/hub.h"
#include "src/weights/positions.h"
#include "src/weights/shape_config.h"
#include "src/weights/tensor_names.h"
#include "src/weights/weight_files.h"

namespace dermatome {
namespace {

const char* const kTextPositions = "positional_embedding";
const char* const kBertPooler = "text.transformer.pooler.";

std::string shape_of(const at::Tensor& tensor) { return c10::str(tensor.sizes()); }

// Whether `weight` fits `parameter`, maybe after an interpolation over positions: the dimension
// ahead of the last one.
bool fits(const at::Tensor& weight, const NamedParameter& parameter,
          const std::string& image_positions) {
  if (!weight.is_floating_point()) return false;
  const at::Tensor& value = parameter.value;
  const bool is_positions = parameter.name == image_positions || parameter.name == kTextPositions;
  if (!is_positions || weight.dim() != value.dim()) return weight.sizes() == value.sizes();
  const at::IntArrayRef outer = value.sizes().slice(0, static_cast<size_t>(value.dim() - 2));
  return weight.sizes().slice(0, outer.size()) == outer && weight.size(-2) > 0 &&
         weight.size(-1) == value.size(-1);
}

// The parameter `name`, with what the file calls it.
std::string called(const Weights& weights, const std::string& name) {
  const auto found = weights.names.find(name);
  return found == weights.names.end() ? name : text(name, " (there ", found->second, ")");
}

void check_fit(const Clip& model, const Weights& weights, const std::string& model_name) {
  const std::string file = weights.file.string();
  const std::string image_positions = vision_names(model.config().vision).positions;
  std::set<std::string> known;
  for (const NamedParameter& parameter : model.parameters()) {
    known.insert(parameter.name);
    const auto found = weights.tensors.find(parameter.name);
    if (found == weights.tensors.end()) {
      throw DataError(text(file, ": misses the tensor ", parameter.name, ", which ", model_name,
                           " has; are these the weights of another architecture?"));
    }
    if (!fits(found->second, parameter, image_positions)) {
      throw DataError(text(file, ": ", called(weights, parameter.name), " is ",
                           at::toString(found->second.scalar_type()), " ", shape_of(found->second),
                           ", but ", model_name, " needs floating point ",
                           shape_of(parameter.value)));
    }
  }
  for (const auto& [name, tensor] : weights.tensors) {
    if (known.contains(name)) continue;
    if (name.starts_with(kBertPooler) && model.config().text.bert) {
      log_info(text(file, ": ", name, " is left out: the model's hf_pooler_type does not use it"));
      continue;
    }
    throw DataError(text(file, ": holds the tensor ", quoted(called(weights, name)), ", which ",
                         model_name,
                         " does not have; are these the weights of another architecture?"));
  }
}

// `weight`, interpolated to the number of positions of `parameter` where the two differ.
at::Tensor fit_positions(const at::Tensor& weight, const NamedParameter& parameter,
                         const VisionConfig& vision, const std::filesystem::path& file) {
  if (weight.sizes() == parameter.value.sizes()) return weight;
  const int64_t positions = parameter.value.size(-2);
  const at::Tensor resized =
      parameter.name == kTextPositions
          ? resize_text_positions(weight, positions)
          : resize_image_positions(weight, vision.image_size / vision.patch_size);
  if (!resized.defined()) {
    throw DataError(
        text(file, ": ", parameter.name, " is ", shape_of(weight),
             ", not a class token and a square of patches, so it cannot be interpolated to ",
             shape_of(parameter.value)));
  }
  log_info(text(file, ": ", parameter.name, " interpolated from ", weight.size(-2), " to ",
                positions, " positions"));
  return resized;
}

}  // namespace

std::optional<std::filesystem::path> description_of(const std::filesystem::path& path) {
  const std::filesystem::path file = weights_file(path);
  if (!std::filesystem::exists(file)) throw DataError("cannot read " + file.string());
  const std::filesystem::path of_open_clip = file.parent_path() / kConfigFile;
  const std::filesystem::path of_transformers = file.parent_path() / kTransformersConfig;
  if (std::filesystem::exists(of_open_clip)) return of_open_clip;
  const bool is_directory = std::filesystem::is_directory(path);
  if (is_name_of_transformers(file)) {
    if (is_directory || is_of_transformers(of_transformers)) return of_transformers;
    return std::nullopt;
  }
  if (is_directory) return of_open_clip;
  return std::nullopt;
}

Weights read_weights(const std::filesystem::path& path) {
  Weights weights;
  weights.file = weights_file(path);
  weights.described_by = description_of(path);
  if (weights.described_by && weights.described_by->filename() == kTransformersConfig) {
    require_clip_model(*weights.described_by);
  }
  weights.tensors = read_tensors(weights.file);
  remove_prefixes(weights.tensors, weights.file);
  weights.are_openai = remove_buffers(weights.tensors);
  if (are_of_transformers(weights.tensors)) {
    ClipModelTensors found = from_clip_model(std::move(weights.tensors), weights.file.string());
    weights.tensors = std::move(found.tensors);
    weights.names = std::move(found.names);
  }
  return weights;
}

ClipConfig config_of(const Weights& weights, const ModelHints& hints) {
  if (weights.described_by && hints.given()) {
    throw ConfigError(text(weights.file, " is described by ", *weights.described_by,
                           "; leave out --architecture and --quick-gelu, which are for weights "
                           "without a description"));
  }
  if (weights.described_by) return read_description(*weights.described_by);
  if (!hints.architecture.empty()) {
    ClipConfig named = read_architecture(hints.architecture);
    named.quick_gelu |= hints.quick_gelu;
    return named;
  }
  ClipConfig config = config_of_shapes(weights.tensors, weights.file.string());
  config.quick_gelu = weights.are_openai || hints.quick_gelu;
  if (!config.quick_gelu) {
    log_warning(text(weights.file, " does not say how its model was built, and no ", kConfigFile,
                     " lies beside it: GELU (not QuickGELU), heads of width 64 and OpenAI's "
                     "preprocessing are assumed; --quick-gelu or --architecture say otherwise"));
  }
  return config;
}

void load_weights(Clip& model, const Weights& weights, const std::string& model_name) {
  check_fit(model, weights, model_name);
  if (weights.are_openai && !model.config().quick_gelu) {
    log_warning(weights.file.string() +
                " holds weights of OpenAI's kind, trained with QuickGELU, but the model's "
                "configuration has quick_gelu false: its features will be wrong; set quick_gelu to "
                "true there, or give --quick-gelu (of a training: model.quick_gelu=true)");
  }
  const at::NoGradGuard no_grad;
  for (const NamedParameter& parameter : model.parameters()) {
    at::Tensor value = parameter.value;
    value.copy_(fit_positions(weights.tensors.at(parameter.name), parameter, model.config().vision,
                              weights.file));
  }
}

void load_weights(Clip& model, const std::filesystem::path& path, const std::string& model_name) {
  load_weights(model, read_weights(path), model_name);
}

Clip load_clip(const std::filesystem::path& path, c10::Device device, const ModelHints& hints) {
  const Weights weights = read_weights(path);
  Clip model(config_of(weights, hints), device);
  load_weights(
      model, weights,
      hints.architecture.empty() ? "the model" : text("the architecture ", hints.architecture));
  return model;
}

}  // namespace dermatome
