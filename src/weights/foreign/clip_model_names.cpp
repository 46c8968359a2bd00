#include "src/weights/foreign/clip_model_names.h"

#include <ATen/ATen.h>

#include "src/core/text.h"

namespace dermatome {
namespace {

using Table = std::vector<ClipModelTensor>;
using Form = ClipModelForm;

// The weight and the bias of one layer.
void add_layer(Table& all, const std::string& name, const std::string& open_clip) {
  for (const char* kind : {".weight", ".bias"}) all.push_back({name + kind, open_clip + kind});
}

// `name`: the prefix of a block in CLIPModel; `open_clip`: that of the same block in open_clip.
void add_block_names(Table& all, const std::string& name, const std::string& open_clip) {
  add_layer(all, name + "layer_norm1", open_clip + "ln_1");
  for (const char* kind : {"weight", "bias"}) {
    const std::string whole = text(open_clip, "attn.in_proj_", kind);
    all.push_back({text(name, "self_attn.q_proj.", kind), whole, Form::kQuery});
    all.push_back({text(name, "self_attn.k_proj.", kind), whole, Form::kKey});
    all.push_back({text(name, "self_attn.v_proj.", kind), whole, Form::kValue});
  }
  add_layer(all, name + "self_attn.out_proj", open_clip + "attn.out_proj");
  add_layer(all, name + "layer_norm2", open_clip + "ln_2");
  add_layer(all, name + "mlp.fc1", open_clip + "mlp.c_fc");
  add_layer(all, name + "mlp.fc2", open_clip + "mlp.c_proj");
}

void add_blocks(Table& all, const std::string& tower, const std::string& open_clip,
                int64_t layers) {
  for (int64_t i = 0; i < layers; ++i) {
    add_block_names(all, text(tower, ".encoder.layers.", i, "."),
                    text(open_clip, "resblocks.", i, "."));
  }
}

}  // namespace

std::vector<ClipModelTensor> clip_model_tensors(int64_t image_layers, int64_t text_layers) {
  Table all = {
      {"logit_scale", "logit_scale"},
      {"text_model.embeddings.token_embedding.weight", "token_embedding.weight"},
      {"text_model.embeddings.position_embedding.weight", "positional_embedding"},
      {"text_projection.weight", "text_projection", Form::kTransposed},
      {"vision_model.embeddings.class_embedding", "visual.class_embedding"},
      {"vision_model.embeddings.patch_embedding.weight", "visual.conv1.weight"},
      {"vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"},
      {"visual_projection.weight", "visual.proj", Form::kTransposed},
  };
  add_blocks(all, "text_model", "transformer.", text_layers);
  add_layer(all, "text_model.final_layer_norm", "ln_final");
  add_layer(all, "vision_model.pre_layrnorm", "visual.ln_pre");  // their spelling
  add_blocks(all, "vision_model", "visual.transformer.", image_layers);
  add_layer(all, "vision_model.post_layernorm", "visual.ln_post");
  return all;
}

at::Tensor clip_model_part(const at::Tensor& whole, ClipModelForm form) {
  switch (form) {
    case Form::kSame:
      return whole;
    case Form::kTransposed:
      return whole.t();
    case Form::kQuery:
      return whole.chunk(3)[0];
    case Form::kKey:
      return whole.chunk(3)[1];
    case Form::kValue:
      return whole.chunk(3)[2];
  }
  return {};
}

}  // namespace dermatome
