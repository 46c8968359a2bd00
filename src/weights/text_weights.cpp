#include "src/weights/text_weights.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <map>
#include <string>
#include <utility>

#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/weights/description.h"
#include "src/weights/foreign/bert_model.h"
#include "src/weights/tensor_names.h"
#include "src/weights/weight_files.h"

namespace dermatome {
namespace {

constexpr const char* kBert = "text.transformer.";
constexpr const char* kPooler = "text.transformer.pooler.";

// Throws ConfigError unless `config_file` describes the text tower of `model`, if it exists.
void check_numbers(const Clip& model, const std::filesystem::path& config_file) {
  if (!is_of_transformers(config_file)) return;
  const TextConfig& own = model.config().text;
  TextConfig described = own;
  read_bert_numbers(config_file, described);
  // These do not change what a tower computes.
  described.bert->dropout = own.bert->dropout;
  described.bert->initial_deviation = own.bert->initial_deviation;
  if (bert_numbers_json(described) == bert_numbers_json(own)) return;
  throw ConfigError(text(config_file,
                         " describes another BERT than the text tower of model.architecture; "
                         "use its config.json for both"));
}

void copy_tensor(const std::map<std::string, at::Tensor>& tensors, const NamedParameter& parameter,
                 const std::filesystem::path& file) {
  const auto found = tensors.find(parameter.name);
  if (found == tensors.end()) {
    throw DataError(text(file, ": misses the tensor ", parameter.name.substr(5),
                         ", which the model's text tower has"));
  }
  at::Tensor value = parameter.value;
  if (found->second.sizes() != value.sizes() || !found->second.is_floating_point()) {
    throw DataError(
        text(file, ": ", parameter.name.substr(5), " is ",
             at::toString(found->second.scalar_type()), " ", c10::str(found->second.sizes()),
             ", but the model's text tower needs floating point ", c10::str(value.sizes())));
  }
  value.copy_(found->second);
}

}  // namespace

void load_text_weights(Clip& model, const std::filesystem::path& path) {
  if (!model.config().text.bert) {
    throw ConfigError(text(path,
                           ": the weights of a text model are for a BERT as text tower, but "
                           "model.architecture has CLIP's own; set model.pretrained instead"));
  }
  const std::filesystem::path file = weights_file(path);
  check_numbers(model, file.parent_path() / kTransformersConfig);
  std::map<std::string, at::Tensor> tensors = read_tensors(file);
  remove_prefixes(tensors, file);
  remove_buffers(tensors);
  tensors = from_bert_model(std::move(tensors), file.string());
  const at::NoGradGuard no_grad;
  for (const NamedParameter& parameter : model.parameters()) {
    if (!parameter.name.starts_with(kBert)) continue;
    copy_tensor(tensors, parameter, file);
    tensors.erase(parameter.name);
  }
  for (const auto& [name, tensor] : tensors) {
    if (!name.starts_with(kPooler)) {
      throw DataError(text(file, ": holds the tensor ", name.substr(5),
                           ", which the model's text tower does not have"));
    }
  }
  if (!tensors.empty()) {
    log_info(text(file, ": BERT's pooler is left out: the model's hf_pooler_type does not use it"));
  }
}

}  // namespace dermatome
