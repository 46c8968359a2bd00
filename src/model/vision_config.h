// The architecture of an image tower: a vision transformer with a class token, described by what
// the families of published towers do differently.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace dermatome {

class JsonObject;

// Whose names (vision_names.h) and first values (vision_initialization.h) the parameters have.
enum class VisionFamily {
  kOpenClip,  // open_clip's VisionTransformer
  kTimm,      // timm's VisionTransformer, in open_clip's TimmModel
  kPanDerm,   // the image encoder of DermLIP and DermFM-Zero (panderm_vision.h)
};

// The embeddings of positions. Fixed ones are a formula (fixed_positions.h): they belong to the
// weights of a model, but are never trained.
enum class ImagePositions { kLearned, kFixedColumnsFirst, kFixedRowsFirst };

// Which tokens of the last block become the image's one.
enum class ImagePooling { kClassToken, kMeanOfPatches };

// Where the final norm is: with kBoth, the same one is applied before and after pooling.
enum class FinalNorm { kBeforePooling, kAfterPooling, kBoth };

// What maps a token to the embedding that images and texts share.
enum class ImageHead {
  kMatrix,      // a matrix
  kClassifier,  // the tower's own last layer, linear with bias
  kLinear,      // a linear layer behind the tower
  kMlp,         // an MLP behind the tower, of one hidden layer with twice the embedding's width
  kNone,        // nothing: the embedding has the tower's width
};

struct VisionConfig {
  int64_t image_size = 224;
  int64_t patch_size = 16;
  int64_t width = 768;
  int64_t layers = 12;
  int64_t head_width = 64;
  double mlp_ratio = 4.0;

  VisionFamily family = VisionFamily::kOpenClip;
  std::string timm_model_name = {};  // of kTimm
  bool patch_bias = false;           // of the convolution that embeds patches
  ImagePositions positions = ImagePositions::kLearned;
  bool pre_norm = true;  // a norm ahead of the first block
  // The first value of LayerScale's factors; nullopt: no LayerScale.
  std::optional<double> layer_scale = std::nullopt;
  bool tanh_gelu = false;  // GELU by its approximation with tanh
  double norm_eps = 1e-5;
  ImagePooling pooling = ImagePooling::kClassToken;
  FinalNorm final_norm = FinalNorm::kBeforePooling;
  ImageHead head = ImageHead::kMatrix;
  bool head_bias = false;  // of the last layer of kLinear and kMlp

  // An edge narrower than a patch is ignored, as in open_clip.
  int64_t num_patches() const { return (image_size / patch_size) * (image_size / patch_size); }
  int64_t heads() const { return width / head_width; }
  int64_t mlp_width() const { return static_cast<int64_t>(static_cast<double>(width) * mlp_ratio); }
  // Whether the image's embedding needs all tokens of the last block.
  bool reads_all_tokens() const { return pooling == ImagePooling::kMeanOfPatches; }
};

// The sizes: image_size, patch_size, width, layers, head_width and mlp_ratio, which fit together.
void read_vision_sizes(JsonObject& section, VisionConfig& config);
nlohmann::ordered_json vision_sizes_json(const VisionConfig& config);

// Reads open_clip's vision_cfg of a model with embeddings of `embed_dim`. Throws DataError naming
// file and key.
VisionConfig read_vision_config(JsonObject section, int64_t embed_dim);
nlohmann::ordered_json vision_config_json(const VisionConfig& config);

}  // namespace dermatome
