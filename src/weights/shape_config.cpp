#include "src/weights/shape_config.h"

#include <c10/util/StringUtil.h>

#include <cmath>
#include <vector>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/model/mlp_ratio.h"

namespace dermatome {
namespace {

constexpr int64_t kHeadWidth = 64;
constexpr int64_t kMaxLayers = 256;
// No model has larger sizes, and products of smaller ones do not overflow.
constexpr int64_t kMaxSize = 1 << 24;

class Shapes {
 public:
  Shapes(const std::map<std::string, at::Tensor>& tensors, const std::string& file)
      : tensors_(tensors), file_(file) {}

  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(
        text(file_, ": ", what,
             ", so the architecture cannot be told from the shapes; is it a CLIP model with "
             "a vision transformer? An open_clip_config.json beside it would describe it"));
  }

  // The sizes of the tensor `name`, which must be `expected`; 0 there fits any size.
  at::IntArrayRef sizes(const std::string& name, const std::vector<int64_t>& expected) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) fail("misses the tensor " + name);
    const at::IntArrayRef sizes = found->second.sizes();
    bool fits = sizes.size() == expected.size();
    for (size_t i = 0; fits && i < expected.size(); ++i) {
      fits = sizes[i] >= 1 && sizes[i] <= kMaxSize && (expected[i] == 0 || expected[i] == sizes[i]);
    }
    if (!fits) fail(text(name, " is ", c10::str(sizes)));
    return sizes;
  }

  // Reads the number of blocks below `prefix`, and the ratio of their MLPs' width to `width`.
  void read_blocks(const std::string& prefix, int64_t width, int64_t& layers,
                   double& mlp_ratio) const {
    const auto block = [&](int64_t layer) { return text(prefix, layer); };
    sizes(block(0) + ".attn.in_proj_weight", {3 * width, width});
    mlp_ratio = mlp_ratio_of(sizes(block(0) + ".mlp.c_fc.weight", {0, width})[0], width);
    layers = 1;
    while (tensors_.contains(block(layers) + ".attn.in_proj_weight")) ++layers;
    if (layers > kMaxLayers) {
      fail(text("has ", layers, " blocks below ", prefix, ", more than any model"));
    }
  }

  int64_t heads(const std::string& tower, int64_t width) const {
    if (width % kHeadWidth != 0) {
      fail(text("has ", tower, " tower of width ", width, ", not a multiple of ", kHeadWidth));
    }
    return width / kHeadWidth;
  }

 private:
  const std::map<std::string, at::Tensor>& tensors_;
  const std::string& file_;
};

}  // namespace

ClipConfig config_of_shapes(const std::map<std::string, at::Tensor>& tensors,
                            const std::string& file) {
  const Shapes shapes(tensors, file);
  for (const char* other : {"visual.trunk.cls_token", "visual.cls_token"}) {
    if (tensors.contains(other)) shapes.fail("has an image tower of timm's or PanDerm's kind");
  }
  ClipConfig config;
  VisionConfig& vision = config.vision;
  const at::IntArrayRef projection = shapes.sizes("visual.proj", {0, 0});
  vision.width = projection[0];
  config.embed_dim = projection[1];
  const at::IntArrayRef patches = shapes.sizes("visual.conv1.weight", {vision.width, 3, 0, 0});
  vision.patch_size = patches[2];
  const int64_t positions = shapes.sizes("visual.positional_embedding", {0, vision.width})[0];
  const auto grid = static_cast<int64_t>(std::lround(std::sqrt(positions - 1)));
  if (patches[2] != patches[3] || grid < 1 || grid * grid + 1 != positions) {
    shapes.fail("has no square images of square patches");
  }
  vision.image_size = vision.patch_size * grid;
  vision.head_width = kHeadWidth;
  shapes.heads("an image", vision.width);
  shapes.read_blocks("visual.transformer.resblocks.", vision.width, vision.layers,
                     vision.mlp_ratio);

  TextConfig& text = config.text;
  text.width = shapes.sizes("ln_final.weight", {0})[0];
  shapes.sizes("text_projection", {text.width, config.embed_dim});
  text.context_length = shapes.sizes("positional_embedding", {0, text.width})[0];
  text.vocab_size = shapes.sizes("token_embedding.weight", {0, text.width})[0];
  text.heads = shapes.heads("a text", text.width);
  shapes.read_blocks("transformer.resblocks.", text.width, text.layers, text.mlp_ratio);
  return config;
}

}  // namespace dermatome
