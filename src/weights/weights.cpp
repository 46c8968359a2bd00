#include "src/weights/weights.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <string_view>

#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/quoted.h"
#include "src/core/text.h"
#include "src/weights/architectures.h"
#include "src/weights/foreign/torch_archive.h"
#include "src/weights/hub.h"
#include "src/weights/positions.h"
#include "src/weights/safetensors.h"
#include "src/weights/shape_config.h"

namespace dermatome {
namespace {

const char* const kOldWeightsFile = "open_clip_pytorch_model.bin";
const char* const kParallelPrefix = "module.";  // of torch's DistributedDataParallel
const char* const kImagePositions = "visual.positional_embedding";
const char* const kTextPositions = "positional_embedding";
// Numbers that OpenAI's state dicts hold beside the parameters.
const std::set<std::string> kOpenAiNumbers = {"input_resolution", "context_length", "vocab_size"};
const char* const kMask = "attn_mask";  // computed from the context length
constexpr std::string_view kZip("PK\x03\x04", 4);
constexpr std::string_view kOldTorch("\x80\x02", 2);  // torch.save() before 1.6, or plain pickle

std::filesystem::path weights_file(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return path;
  for (const char* name : {kWeightsFile, kOldWeightsFile}) {
    if (std::filesystem::exists(path / name)) return path / name;
  }
  throw DataError(
      text(path, ": holds neither ", kWeightsFile, " nor ", kOldWeightsFile,
           "; name a directory that holds one (of a run: RUN/checkpoints/step_...), or a file"));
}

std::string first_bytes(const std::filesystem::path& file) {
  std::array<char, 4> bytes{};
  std::ifstream stream(file, std::ios::binary);
  stream.read(bytes.data(), bytes.size());
  return {bytes.data(), static_cast<size_t>(stream.gcount())};
}

// Removes the prefix that all names have, and tensors that are not parameters.
void tidy_names(Weights& weights) {
  auto& tensors = weights.tensors;
  const auto is_prefixed = [](const auto& entry) {
    return entry.first.starts_with(kParallelPrefix);
  };
  if (!tensors.empty() && std::all_of(tensors.begin(), tensors.end(), is_prefixed)) {
    const size_t length = std::string_view(kParallelPrefix).size();
    std::map<std::string, at::Tensor> bare;
    for (auto& [name, tensor] : tensors) bare.emplace(name.substr(length), tensor);
    tensors = std::move(bare);
  }
  std::erase_if(tensors, [&](const auto& entry) {
    const bool is_openai = kOpenAiNumbers.contains(entry.first);
    weights.are_openai |= is_openai;
    return is_openai || entry.first == kMask || entry.first.ends_with(text(".", kMask));
  });
}

std::string shape_of(const at::Tensor& tensor) { return c10::str(tensor.sizes()); }

// Whether `weight` fits `parameter`, maybe after an interpolation over positions.
bool fits(const at::Tensor& weight, const NamedParameter& parameter) {
  if (!weight.is_floating_point()) return false;
  const bool is_positions = parameter.name == kImagePositions || parameter.name == kTextPositions;
  if (!is_positions) return weight.sizes() == parameter.value.sizes();
  return weight.dim() == 2 && weight.size(0) > 0 && weight.size(1) == parameter.value.size(1);
}

void check_fit(const Clip& model, const Weights& weights, const std::string& model_name) {
  const std::string file = weights.file.string();
  std::set<std::string> known;
  for (const NamedParameter& parameter : model.parameters()) {
    known.insert(parameter.name);
    const auto found = weights.tensors.find(parameter.name);
    if (found == weights.tensors.end()) {
      throw DataError(text(file, ": misses the tensor ", parameter.name, ", which ", model_name,
                           " has; are these the weights of another architecture?"));
    }
    if (!fits(found->second, parameter)) {
      throw DataError(text(file, ": ", parameter.name, " is ",
                           at::toString(found->second.scalar_type()), " ", shape_of(found->second),
                           ", but ", model_name, " needs floating point ",
                           shape_of(parameter.value)));
    }
  }
  for (const auto& [name, tensor] : weights.tensors) {
    if (known.contains(name)) continue;
    throw DataError(text(file, ": holds the tensor ", quoted(name), ", which ", model_name,
                         " does not have; are these the weights of another architecture?"));
  }
}

// `weight`, interpolated to the number of positions of `parameter` where the two differ.
at::Tensor fit_positions(const at::Tensor& weight, const NamedParameter& parameter,
                         const VisionConfig& vision, const std::filesystem::path& file) {
  if (weight.sizes() == parameter.value.sizes()) return weight;
  const int64_t positions = parameter.value.size(0);
  const at::Tensor resized =
      parameter.name == kImagePositions
          ? resize_image_positions(weight, vision.image_size / vision.patch_size)
          : resize_text_positions(weight, positions);
  if (!resized.defined()) {
    throw DataError(
        text(file, ": ", parameter.name, " is ", shape_of(weight),
             ", not a class token and a square of patches, so it cannot be interpolated to ",
             shape_of(parameter.value)));
  }
  log_info(text(file, ": ", parameter.name, " interpolated from ", weight.size(0), " to ",
                positions, " positions"));
  return resized;
}

}  // namespace

std::optional<std::filesystem::path> description_of(const std::filesystem::path& path) {
  const std::filesystem::path file = weights_file(path);
  if (!std::filesystem::exists(file)) throw DataError("cannot read " + file.string());
  const std::filesystem::path description = file.parent_path() / kConfigFile;
  if (std::filesystem::is_directory(path) || std::filesystem::exists(description)) {
    return description;
  }
  return std::nullopt;
}

Weights read_weights(const std::filesystem::path& path) {
  Weights weights;
  weights.file = weights_file(path);
  weights.described_by = description_of(path);
  const std::string start = first_bytes(weights.file);
  if (start == kZip) {
    weights.tensors = read_torch_archive(weights.file);
  } else if (start.starts_with(kOldTorch)) {
    throw DataError(weights.file.string() +
                    ": is a bare pickle, as PyTorch before 1.6 wrote; if you trust it, load it in "
                    "Python and save the state dict again with torch.save");
  } else {
    weights.tensors = read_safetensors(weights.file);
  }
  tidy_names(weights);
  return weights;
}

ClipConfig config_of(const Weights& weights, const ModelHints& hints) {
  if (weights.described_by && hints.given()) {
    throw ConfigError(text(weights.file, " is described by ", *weights.described_by,
                           "; leave out --architecture and --quick-gelu, which are for weights "
                           "without a description"));
  }
  if (weights.described_by) return read_clip_config(*weights.described_by);
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
                "true there, or give --quick-gelu");
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
