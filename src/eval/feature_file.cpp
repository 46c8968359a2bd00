#include "src/eval/feature_file.h"

#include <filesystem>
#include <fstream>
#include <memory>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/text.h"
#include "src/eval/encode.h"
#include "src/text/csv_reader.h"
#include "src/weights/npy.h"
#include "src/weights/safetensors.h"
#include "src/weights/text_model_files.h"

namespace dermatome {
namespace {

std::vector<std::string> read_lines(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw DataError(path + ": the texts cannot be read");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  if (file.bad()) throw DataError(path + ": the texts cannot be read to their end");
  return lines;
}

// The image of every row, in the table's order.
std::vector<std::string> read_image_column(const FeatureFileOptions& options) {
  const std::string content = read_file(options.csv);
  CsvReader table(content, options.csv);
  const size_t column = table.column(options.image_column);
  std::vector<std::string> images;
  for (CsvRow row; table.next(row);) {
    images.push_back((std::filesystem::path(options.images_root) / row.fields[column]).string());
  }
  if (images.empty()) throw DataError(options.csv + ": the table has no rows");
  return images;
}

// Refuses options that contradict each other.
void check(const FeatureFileOptions& options, bool has_images) {
  const std::string extension = std::filesystem::path(options.output).extension();
  if (extension != ".safetensors" && extension != ".npy") {
    throw ConfigError(text("--output ", options.output,
                           ": the name must end in .safetensors or .npy, which says the format"));
  }
  const bool has_texts = !options.texts.empty();
  if (has_images && has_texts && extension == ".npy") {
    throw ConfigError(text("--output ", options.output,
                           ": a .npy file holds one array, but images and texts are to be encoded; "
                           "name a .safetensors file or encode them one after the other"));
  }
  if (options.raw && has_texts) {
    throw ConfigError("--raw is for images; encode --texts without it");
  }
}

}  // namespace

FeatureInputs read_feature_inputs(const FeatureFileOptions& options) {
  FeatureInputs inputs;
  inputs.images = options.csv.empty() ? options.images : read_image_column(options);
  check(options, !inputs.images.empty());
  if (!options.texts.empty()) inputs.texts = read_lines(options.texts);
  return inputs;
}

void write_feature_file(const Clip& model, const FeatureInputs& inputs,
                        const FeatureFileOptions& options) {
  NamedTensors features;
  if (!inputs.images.empty()) {
    features.emplace_back(
        "image_features",
        encode_image_files(model, inputs.images, options.batch_size, Precision::kFp32,
                           /*checksums=*/{}, /*after_batch=*/{},
                           options.raw ? FeatureScale::kRaw : FeatureScale::kNormalized));
  }
  if (!options.texts.empty()) {
    features.emplace_back("text_features",
                          encode_texts(model, *model_tokenizer(model.config()), inputs.texts,
                                       options.batch_size, Precision::kFp32));
  }
  if (std::filesystem::path(options.output).extension() == ".npy") {
    write_npy(options.output, features.front().second);
  } else {
    write_safetensors(options.output, features);
  }
}

}  // namespace dermatome
