// How images are stored: every image of a data set by one policy, so that training reads a
// fraction of the original pixels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/image/image.h"

namespace dermatome {

// What transparent images are laid over.
enum class Background { kWhite, kBlack };
inline const std::map<std::string, Background> kBackgrounds = {{"white", Background::kWhite},
                                                               {"black", Background::kBlack}};

struct ImagePolicy {
  int short_side = 384;                        // pixels; larger images are shrunk to it (bicubic)
  bool raw = false;                            // RGB bytes instead of JPEG
  int quality = 90;                            // of the JPEG; without meaning when raw
  Background background = Background::kWhite;  // shards do not say it
  bool operator==(const ImagePolicy&) const = default;
};

struct ImageRecord {
  int height = 0;
  int width = 0;
  std::vector<std::byte> bytes;  // a JPEG file, or raw RGB [height, width, 3]
  bool transparent = false;      // the file's image was, and was laid over the background
  bool clipped = false;          // as FileImage::clipped
};

// As shards and manifests store the policy: "jpeg" or "raw", and the JPEG's quality or 0.
std::string_view encoding_name(const ImagePolicy& policy);
int stored_quality(const ImagePolicy& policy);

// "white" or "black".
std::string_view background_name(Background background);

// The RGB image in a file's bytes, as data sets hold it: turned upright (EXIF) and laid over the
// background. Throws DataError naming `name`.
Image upright_image(std::span<const std::byte> file, const std::string& name,
                    Background background = Background::kWhite);

// Reads `path` as upright_image() and brings it into the policy's form. A JPEG that need neither
// shrink nor turn keeps its bytes, unless it is CMYK: coding it again would only lose detail.
// Throws DataError for an image that cannot be read, StorageLost where its storage fails.
ImageRecord make_image_record(const std::filesystem::path& path, const ImagePolicy& policy);

// Why `work` on an image fails (its DataError's message); empty if it does not. StorageLost is
// thrown on: it says nothing about the image, whose place in a data set must not depend on the day.
std::string image_problem(const std::function<void()>& work);

// The path of the image that a table calls `name`: below `root`, also if `name` begins with '/';
// without a root, `name` as it is.
std::filesystem::path image_path(const std::filesystem::path& root, const std::string& name);

// A typical record's size in bytes, to plan shards by.
int64_t typical_record_bytes(const ImagePolicy& policy);

}  // namespace dermatome
