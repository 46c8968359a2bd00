// The parameters that the blocks of a family of towers have, and what each is called.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace dermatome {

// The parameters that a transformer block may have. W: width, M: width of the MLP's hidden layer. A
// family has either the three projections of attention together or each of them.
enum BlockParameter : size_t {
  kLn1Weight,       // [W]
  kLn1Bias,         // [W]
  kInProjWeight,    // [3W, W], rows: query, key, value
  kInProjBias,      // [3W]
  kQueryWeight,     // [W, W]
  kQueryBias,       // [W]
  kKeyWeight,       // [W, W]
  kKeyBias,         // [W]
  kValueWeight,     // [W, W]
  kValueBias,       // [W]
  kOutProjWeight,   // [W, W]
  kOutProjBias,     // [W]
  kAttentionScale,  // [W], LayerScale: a factor on attention's result
  kLn2Weight,       // [W]
  kLn2Bias,         // [W]
  kFcWeight,        // [M, W]
  kFcBias,          // [M]
  kProjWeight,      // [W, M]
  kProjBias,        // [W]
  kMlpScale,        // [W], LayerScale: a factor on the MLP's result
  kNumBlockParameters,
};

// A family's parameters in state_dict order, with their names behind the block's own.
using BlockNames = std::vector<std::pair<BlockParameter, std::string_view>>;

// open_clip's ResidualAttentionBlock; with LayerScale if its ls_init_value is set.
BlockNames open_clip_block(bool layer_scale = false);

// transformers' BertLayer.
BlockNames bert_block();

// The block of timm's vision transformers.
BlockNames timm_block();

// PanDerm's block: with LayerScale, and without a bias of the keys.
BlockNames panderm_block();

}  // namespace dermatome
