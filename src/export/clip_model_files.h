// The JSON files with which transformers describes a CLIP model and the preparation of its images.
#pragma once

#include <string>

#include "src/export/export_format.h"
#include "src/model/clip_config.h"

namespace dermatome {

// Throws ConfigError that names the first key of the model's open_clip configuration which `format`
// cannot express. open_clip's own format expresses every model.
void check_expressible(const ClipConfig& config, ExportFormat format);

// The key, as "vision_cfg.KEY", of open_clip_config.json (its text is `hub_config`) that
// transformers' CLIP has no counterpart for, among those of the towers of `format`; empty: none.
std::string inexpressible_key(const std::string& hub_config, ExportFormat format);

// config.json of transformers' class for `format` (not kOpenClip). `type`: torch's name of the
// weights' type, such as float32.
std::string clip_model_config(const ClipConfig& config, ExportFormat format,
                              const std::string& type);

// preprocessor_config.json: CLIPImageProcessor.
std::string image_processor_config(const ClipConfig& config);

}  // namespace dermatome
