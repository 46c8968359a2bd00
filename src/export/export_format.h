// The forms in which a model can be exported.
#pragma once

#include <string>

namespace dermatome {

enum class ExportFormat {
  kTransformers,  // CLIPModel of transformers: both towers
  kOpenClip,      // open_clip's hub layout: both towers
  kVision,        // CLIPVisionModelWithProjection of transformers: the image tower
  kText,          // CLIPTextModelWithProjection of transformers: the text tower
};

constexpr bool has_image_tower(ExportFormat format) { return format != ExportFormat::kText; }
constexpr bool has_text_tower(ExportFormat format) { return format != ExportFormat::kVision; }

// The word for the format on the command line.
inline std::string format_name(ExportFormat format) {
  switch (format) {
    case ExportFormat::kTransformers:
      return "transformers";
    case ExportFormat::kOpenClip:
      return "open_clip";
    case ExportFormat::kVision:
      return "vision";
    case ExportFormat::kText:
      return "text";
  }
  return "";
}

}  // namespace dermatome
