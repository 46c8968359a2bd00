#include "src/weights/description.h"

#include <nlohmann/json.hpp>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/text.h"
#include "src/weights/foreign/clip_model_config.h"
#include "src/weights/hub.h"
#include "src/weights/text_model_files.h"

namespace dermatome {
namespace {

// The document `path`; not an object if there is none or it is no JSON.
nlohmann::json peek(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) return {};
  return nlohmann::json::parse(read_file(path), /*cb=*/nullptr, /*allow_exceptions=*/false);
}

}  // namespace

bool is_of_transformers(const std::filesystem::path& path) {
  const nlohmann::json document = peek(path);
  return document.is_object() && document.contains("model_type");
}

ClipConfig read_description(const std::filesystem::path& path) {
  if (path.filename() == kTransformersConfig || is_of_transformers(path)) {
    const nlohmann::json document = peek(path);
    const bool is_of_open_clip =
        document.is_object() && (document.contains("model_cfg") || document.contains("embed_dim"));
    if (!is_of_open_clip) return read_clip_model_config(path);
  }
  if (path.filename() == kConfigFile && !std::filesystem::exists(path)) {
    throw DataError(text(path.parent_path(), ": holds no ", kConfigFile,
                         ", which says how the model was built; get it too, for example by hf "
                         "download ORGANIZATION/NAME ",
                         kConfigFile, ", or name the file of weights itself"));
  }
  ClipConfig config = read_clip_config(path);
  find_text_model_files(config, path);
  return config;
}

}  // namespace dermatome
