// Weights of CLIP models, from any of the files that people share them in:
//
//   a directory in open_clip's hub layout (see hub.h), or of its older kind with
//     open_clip_pytorch_model.bin
//   a directory of a CLIPModel of transformers, its tensors in one file or in several
//   a .safetensors file
//   what torch.save() wrote: a state dict, or open_clip's training checkpoint, which holds one as
//     "state_dict"
//   a TorchScript archive, as OpenAI's ViT-B-16.pt
//
// A file's content, not its name, tells which of these it is. Tensors have open_clip's names, which
// are OpenAI's, or those of a CLIPModel; prefixes that all names have are removed (tensor_names.h).
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "src/model/clip.h"
#include "src/weights/model_hints.h"

namespace dermatome {

struct Weights {
  std::filesystem::path file;
  // By open_clip's names, on the CPU, of any type.
  std::map<std::string, at::Tensor> tensors;
  // By open_clip's names: what the file calls them, if it is a CLIPModel's. For messages.
  std::map<std::string, std::string> names;
  // The open_clip_config.json, or the config.json of transformers, of the directory or beside the
  // file; nullopt: there is none.
  std::optional<std::filesystem::path> described_by;
  // Whether they are OpenAI's: only OpenAI's files hold certain numbers beside the parameters.
  // These models were trained with QuickGELU; other weights do not say.
  bool are_openai = false;

  // Whether it is known that the model was trained with GELU or with QuickGELU.
  bool tell_activation() const { return described_by || are_openai; }
};

// What read_weights() gives as `described_by`, without reading weights. Throws DataError if the
// file does not exist.
std::optional<std::filesystem::path> description_of(const std::filesystem::path& path);

// Reads `path`. Throws DataError naming the file for anything that cannot be read or is malformed.
Weights read_weights(const std::filesystem::path& path);

// The architecture as described (description.h), or as `hints` say, else as the shapes tell
// (shape_config.h), with QuickGELU for OpenAI's weights. Warns where that is a guess. Throws
// ConfigError for a description that Dermatome does not implement, and for hints about weights that
// are described; DataError if the shapes do not tell an architecture.
ClipConfig config_of(const Weights& weights, const ModelHints& hints = {});

// Copies `weights` into `model`. Names and shapes must match exactly, except for positional
// embeddings, which are interpolated (with a log line). Warns when OpenAI's weights meet a model
// without QuickGELU. Throws DataError naming the first missing, unexpected or misshapen tensor, and
// the model as `model_name` calls it.
void load_weights(Clip& model, const Weights& weights, const std::string& model_name = "the model");
void load_weights(Clip& model, const std::filesystem::path& path,
                  const std::string& model_name = "the model");

// The model of `path` with its weights. `hints` are about weights that no file describes.
Clip load_clip(const std::filesystem::path& path, c10::Device device, const ModelHints& hints = {});

}  // namespace dermatome
