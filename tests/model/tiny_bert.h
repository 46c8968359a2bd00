// Models with the text towers that open_clip made around transformers' BERT:
// tests/golden/tiny_bert*, one for each pooler.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "src/model/clip.h"

namespace dermatome {

// `name`: mean_mlp, cls_linear or last_mlp, after the pooler and the projection.
ClipConfig tiny_bert_config(const std::string& name);
// The model with the recorded weights; the image tower's are zero.
Clip tiny_bert(const std::string& name, CheckpointedBlocks checkpointed = {});
// What is recorded of the case `name`, without its name: "tokens", "weight.text.proj.weight", ….
std::map<std::string, at::Tensor> tiny_bert_tensors(const std::string& name);

}  // namespace dermatome
