#include "sharding/image_folder.h"

#include <algorithm>
#include <array>
#include <system_error>
#include <vector>

#include "sharding/sample_labels.h"
#include "src/core/error.h"
#include "src/core/hash.h"
#include "src/core/text.h"
#include "src/text/unicode.h"

namespace dermatome {
namespace {

bool is_image(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  // The last five are of formats that are not read.
  constexpr std::array kEndings = {".jpg", ".jpeg", ".jfif", ".png",  ".webp", ".tif", ".tiff",
                                   ".bmp", ".gif",  ".heic", ".heif", ".avif", ".jp2", ".dcm"};
  return std::ranges::find(kEndings, ending) != kEndings.end();
}

bool is_hidden(const std::filesystem::path& path) {
  return path.filename().string().starts_with('.');
}

}  // namespace

FolderFiles list_folder(const std::filesystem::path& folder) {
  FolderFiles files;
  try {
    constexpr auto kOptions = std::filesystem::directory_options::follow_directory_symlink;
    std::filesystem::recursive_directory_iterator item(folder, kOptions);
    for (; item != std::filesystem::recursive_directory_iterator(); ++item) {
      if (is_hidden(item->path())) {
        if (item->is_directory()) item.disable_recursion_pending();
        continue;
      }
      if (item->is_directory()) continue;
      auto& list = is_image(item->path()) ? files.images : files.others;
      list.push_back(item->path().lexically_relative(folder).string());
    }
  } catch (const std::filesystem::filesystem_error& error) {
    throw DataError(std::string(error.what()) + "; name a folder that can be read");
  }
  if (files.images.empty()) {
    throw DataError(
        folder.string() +
        " holds no images: no file's name ends in .jpg, .jpeg, .jfif, .png, .webp, .tif, "
        ".tiff, .bmp or .gif");
  }
  std::ranges::sort(files.images);
  std::ranges::sort(files.others);
  for (const std::string& name : files.images) {
    if (well_formed_length(name) != name.size()) {
      throw DataError((folder / name).string() + ": the name is not UTF-8; rename the file");
    }
  }
  return files;
}

void warn_of_others(const std::vector<std::string>& others, std::vector<std::string>& warnings) {
  if (others.empty()) return;
  warnings.push_back(
      text(others.size(),
           " file(s) left out whose names are not those of images, the first: ", others.front()));
}

std::string class_of(const std::string& image) {
  const size_t slash = image.find('/');
  return slash == std::string::npos ? "" : image.substr(0, slash);
}

SampleTable read_image_folder(const std::filesystem::path& folder, int64_t num_subcaptions) {
  return read_image_folder(list_folder(folder), num_subcaptions);
}

SampleTable read_image_folder(const FolderFiles& files, int64_t num_subcaptions) {
  SampleTable table;
  table.kind = "folder";
  table.aspects = caption_aspects(num_subcaptions);
  SampleLabels labels;
  Sha256 hash;
  for (const std::string& name : files.images) {
    CaptionedSample& sample = table.samples.emplace_back();
    sample.image_path = name;
    sample.captions.resize(table.aspects.size());
    sample.mask.resize(table.aspects.size(), 0);
    labels.add(class_of(name));
    hash.update(name + '\n');
  }
  labels.apply(table);
  table.content_hash = hash.finish();
  warn_of_others(files.others, table.warnings);
  return table;
}

}  // namespace dermatome
