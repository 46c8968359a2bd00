#include "src/export/export_checkpoint.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "src/config/train_options.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/export/clip_model_files.h"
#include "src/export/model_card.h"
#include "src/export/run_record.h"
#include "src/export/tokenizer_files.h"
#include "src/run/find_weights.h"
#include "src/weights/foreign/clip_model_names.h"
#include "src/weights/hub.h"
#include "src/weights/hugging_face_cache.h"
#include "src/weights/safetensors.h"
#include "src/weights/weights.h"
#include "src/weights/weights_hash.h"

namespace dermatome {
namespace {

namespace fs = std::filesystem;

// The directory to make, without a slash at its end.
fs::path checked_output(const fs::path& given) {
  fs::path output = fs::weakly_canonical(fs::absolute(given));
  if (!output.has_filename()) output = output.parent_path();
  if (fs::exists(output) && !fs::is_directory(output)) {
    throw ConfigError(text("--output ", given, " is a file; name a directory that does not exist"));
  }
  if (fs::exists(output) && !fs::is_empty(output)) {
    throw ConfigError(text("--output ", given,
                           " is not empty; name a directory that does not "
                           "exist, or remove what is in it"));
  }
  return output;
}

ClipConfig checked_config(const Weights& weights, const ExportOptions& options) {
  if (!weights.tell_activation() && !options.hints.given()) {
    throw ConfigError(text(weights.file,
                           " does not say whether its model was trained with GELU or with "
                           "QuickGELU, and an export says it to others: give --quick-gelu, or with "
                           "GELU the whole architecture, such as --architecture ViT-B-16"));
  }
  ClipConfig config = config_of(weights, options.hints);
  check_expressible(config, options.format);
  return config;
}

std::string type_name(c10::ScalarType type) {
  if (type == at::kHalf) return "fp16";
  return type == at::kBFloat16 ? "bf16" : "fp32";
}

std::string torch_type_name(c10::ScalarType type) {
  if (type == at::kHalf) return "float16";
  return type == at::kBFloat16 ? "bfloat16" : "float32";
}

at::Tensor converted(const std::string& name, const at::Tensor& tensor, c10::ScalarType type) {
  const at::Tensor result = tensor.detach().to(type);
  if (result.isfinite().all().item<bool>()) return result;
  if (!tensor.isfinite().all().item<bool>()) {
    throw DataError(text("the tensor ", name,
                         " of the model holds numbers that are not finite; "
                         "choose an earlier checkpoint"));
  }
  throw ConfigError(text("--dtype ", type_name(type), " cannot hold the tensor ", name,
                         ", whose largest number is ", tensor.detach().abs().max().item<double>(),
                         "; choose bf16 or fp32"));
}

NamedTensors in_open_clip_form(const NamedTensors& weights, c10::ScalarType type) {
  NamedTensors result;
  for (const auto& [name, tensor] : weights) {
    result.emplace_back(name, converted(name, tensor, type));
  }
  return result;
}

// Whether the tensor of this name, which is CLIPModel's, belongs to `format`.
bool belongs(std::string_view name, ExportFormat format) {
  if (name.starts_with("vision_model.") || name.starts_with("visual_projection.")) {
    return has_image_tower(format);
  }
  if (name.starts_with("text_model.") || name.starts_with("text_projection.")) {
    return has_text_tower(format);
  }
  return format == ExportFormat::kTransformers;
}

NamedTensors in_clip_model_form(const ClipConfig& config, const NamedTensors& weights,
                                ExportFormat format, c10::ScalarType type) {
  const std::map<std::string, at::Tensor> by_name(weights.begin(), weights.end());
  NamedTensors result;
  for (const ClipModelTensor& entry :
       clip_model_tensors(config.vision.layers, config.text.layers)) {
    if (!belongs(entry.name, format)) continue;
    const at::Tensor part = clip_model_part(by_name.at(entry.open_clip).detach(), entry.form);
    result.emplace_back(entry.name, converted(entry.open_clip, part, type));
  }
  return result;
}

void write_for_transformers(const Clip& model, const ExportOptions& options,
                            const fs::path& folder) {
  const ClipConfig& config = model.config();
  write_safetensors(folder / "model.safetensors",
                    in_clip_model_form(config, named_tensors(model), options.format, options.type),
                    {{"format", "pt"}});  // some versions of transformers refuse files without it
  write_file_atomically(folder / "config.json",
                        clip_model_config(config, options.format, torch_type_name(options.type)));
  if (has_image_tower(options.format)) {
    write_file_atomically(folder / "preprocessor_config.json", image_processor_config(config));
  }
  if (has_text_tower(options.format)) {
    write_tokenizer_files(folder, config.text.context_length);
  }
}

CardFacts card_facts(const Clip& model, const ExportOptions& options, const fs::path& found,
                     const fs::path& output) {
  CardFacts facts;
  facts.name = output.filename().string();
  facts.format = options.format;
  facts.config = model.config();
  facts.type = type_name(options.type);
  facts.weights_hash = weights_hash(model);
  facts.run = read_run_record(found);
  facts.base_model = facts.run ? facts.run->base_model : hub_model_name(options.checkpoint);
  facts.license = options.license;
  facts.version = options.version;
  return facts;
}

}  // namespace

void export_checkpoint(const ExportOptions& options) {
  check_license(options.license);
  const fs::path output = checked_output(options.output);
  const fs::path found = find_weights(options.checkpoint, TrainOptions().output);
  const Weights weights = read_weights(found);
  Clip model(checked_config(weights, options), at::kCPU);
  load_weights(model, weights);
  const CardFacts facts = card_facts(model, options, found, output);
  make_directories(output.parent_path());
  create_directory_atomically(output, [&](const fs::path& folder) {
    make_directories(folder);
    if (options.format == ExportFormat::kOpenClip) {
      write_hub(model.config(), in_open_clip_form(named_tensors(model), options.type), folder);
    } else {
      write_for_transformers(model, options, folder);
    }
    write_file_atomically(folder / "README.md", model_card(facts));
  });
  log_info(text(output, ": written for ", format_name(options.format), " in ", facts.type,
                facts.license.empty() ? "; write the license into its README.md" : ""));
}

}  // namespace dermatome
