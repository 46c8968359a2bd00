#include "src/model/block_names.h"

namespace dermatome {

BlockNames open_clip_block(bool layer_scale) {
  BlockNames names = {{kLn1Weight, "ln_1.weight"},
                      {kLn1Bias, "ln_1.bias"},
                      {kInProjWeight, "attn.in_proj_weight"},
                      {kInProjBias, "attn.in_proj_bias"},
                      {kOutProjWeight, "attn.out_proj.weight"},
                      {kOutProjBias, "attn.out_proj.bias"}};
  if (layer_scale) names.emplace_back(kAttentionScale, "ls_1.gamma");
  names.insert(names.end(), {{kLn2Weight, "ln_2.weight"},
                             {kLn2Bias, "ln_2.bias"},
                             {kFcWeight, "mlp.c_fc.weight"},
                             {kFcBias, "mlp.c_fc.bias"},
                             {kProjWeight, "mlp.c_proj.weight"},
                             {kProjBias, "mlp.c_proj.bias"}});
  if (layer_scale) names.emplace_back(kMlpScale, "ls_2.gamma");
  return names;
}

BlockNames bert_block() {
  return {{kQueryWeight, "attention.self.query.weight"},
          {kQueryBias, "attention.self.query.bias"},
          {kKeyWeight, "attention.self.key.weight"},
          {kKeyBias, "attention.self.key.bias"},
          {kValueWeight, "attention.self.value.weight"},
          {kValueBias, "attention.self.value.bias"},
          {kOutProjWeight, "attention.output.dense.weight"},
          {kOutProjBias, "attention.output.dense.bias"},
          {kLn1Weight, "attention.output.LayerNorm.weight"},
          {kLn1Bias, "attention.output.LayerNorm.bias"},
          {kFcWeight, "intermediate.dense.weight"},
          {kFcBias, "intermediate.dense.bias"},
          {kProjWeight, "output.dense.weight"},
          {kProjBias, "output.dense.bias"},
          {kLn2Weight, "output.LayerNorm.weight"},
          {kLn2Bias, "output.LayerNorm.bias"}};
}

BlockNames timm_block() {
  return {{kLn1Weight, "norm1.weight"},         {kLn1Bias, "norm1.bias"},
          {kInProjWeight, "attn.qkv.weight"},   {kInProjBias, "attn.qkv.bias"},
          {kOutProjWeight, "attn.proj.weight"}, {kOutProjBias, "attn.proj.bias"},
          {kLn2Weight, "norm2.weight"},         {kLn2Bias, "norm2.bias"},
          {kFcWeight, "mlp.fc1.weight"},        {kFcBias, "mlp.fc1.bias"},
          {kProjWeight, "mlp.fc2.weight"},      {kProjBias, "mlp.fc2.bias"}};
}

BlockNames panderm_block() {
  return {{kAttentionScale, "gamma_1"},       {kMlpScale, "gamma_2"},
          {kLn1Weight, "norm1.weight"},       {kLn1Bias, "norm1.bias"},
          {kQueryBias, "attn.q_bias"},        {kValueBias, "attn.v_bias"},
          {kInProjWeight, "attn.qkv.weight"}, {kOutProjWeight, "attn.proj.weight"},
          {kOutProjBias, "attn.proj.bias"},   {kLn2Weight, "norm2.weight"},
          {kLn2Bias, "norm2.bias"},           {kFcWeight, "mlp.fc1.weight"},
          {kFcBias, "mlp.fc1.bias"},          {kProjWeight, "mlp.fc2.weight"},
          {kProjBias, "mlp.fc2.bias"}};
}

}  // namespace dermatome
