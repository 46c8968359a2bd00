// PanDerm's image encoder as DermLIP's and DermFM-Zero's versions of open_clip build it for a model
// whose name holds PanDerm-base or PanDerm-large: the class VisionTransformer in
// src/CAE/models/modeling_finetune.py of github.com/SiyuanYan1/DermFM-Zero (commit c8995ad).
// Derm1M's repository calls the same class with the same numbers. Facts read there:
//
//   patches       a convolution with bias (patch_embed.proj)
//   class token   cls_token, [1, 1, W]
//   positions     pos_embed, [1, 1 + P, W], a parameter that never requires a gradient. With
//                 q = W / 4 and w_k = 10000^(-k / q), patch (row, column) has sin(row w_k),
//                 cos(row w_k), sin(column w_k), cos(column w_k), q numbers each. (The code calls
//                 the row w and the column h.) The class token has zeros.
//   blocks        x + gamma_1 attention(norm1 x), then x + gamma_2 mlp(norm2 x); all norms have
//                 eps 1e-6; GELU by erf; attn.qkv has no bias, but queries and values have
//                 attn.q_bias and attn.v_bias; heads of width 64; gammas start at 0.1
//   pooling       norm over all tokens, the mean of the patches' tokens, and the same norm again
//   head          linear with bias; 512 numbers in PanDerm-base, 768 in PanDerm-large
//
// No dropout and no drop path. In files the names begin with "visual.".
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "src/core/strict_json.h"
#include "src/model/vision_config.h"

namespace dermatome {

// The key of vision_cfg, beside the sizes, that only PanDerm's models have. Its value, a path of
// weights or null, tells nothing about the architecture.
inline constexpr const char* kPanDermKey = "pretrain_path";

// Reads a vision_cfg that has kPanDermKey. Throws DataError naming file and key.
VisionConfig read_panderm_vision(JsonObject section, int64_t embed_dim);
nlohmann::ordered_json panderm_vision_json(const VisionConfig& config);

}  // namespace dermatome
