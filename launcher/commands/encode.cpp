// `dermatome encode`: features of image files and texts, into a safetensors or NumPy file.
#include "src/eval/encode.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "launcher/commands/commands.h"
#include "launcher/commands/model_options.h"
#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "src/config/model_options.h"
#include "src/config/runtime_options.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/text/csv_reader.h"
#include "src/text/tokenizer.h"
#include "src/weights/npy.h"
#include "src/weights/safetensors.h"
#include "src/weights/weights.h"

namespace dermatome {
namespace {

struct Arguments {
  std::string checkpoint;
  std::vector<std::string> images;
  std::string csv;
  std::string images_root;
  std::string image_column = "filename";
  std::string texts;
  std::string output;
  bool raw = false;
  int64_t batch_size = 64;
  RuntimeOptions runtime;
};

std::vector<std::string> read_lines(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw DataError(path + ": the texts cannot be read");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  if (file.bad()) throw DataError(path + ": the texts cannot be read to their end");
  return lines;
}

// The picture of every row, in the table's order.
std::vector<std::string> read_image_column(const Arguments& arguments) {
  const std::string content = read_file(arguments.csv);
  CsvReader table(content, arguments.csv);
  const size_t column = table.column(arguments.image_column);
  std::vector<std::string> images;
  for (CsvRow row; table.next(row);) {
    images.push_back((std::filesystem::path(arguments.images_root) / row.fields[column]).string());
  }
  if (images.empty()) throw DataError(arguments.csv + ": the table has no rows");
  return images;
}

// What can be wrong about the arguments together, before the model is read.
void check(const Arguments& arguments, bool has_images) {
  const std::string extension = std::filesystem::path(arguments.output).extension();
  if (extension != ".safetensors" && extension != ".npy") {
    throw ConfigError("--output " + arguments.output +
                      ": the name must end in .safetensors or .npy, which says the format");
  }
  const bool has_texts = !arguments.texts.empty();
  if (has_images && has_texts && extension == ".npy") {
    throw ConfigError("--output " + arguments.output +
                      ": a .npy file holds one array, but pictures and texts are to be encoded; "
                      "name a .safetensors file or encode them one after the other");
  }
  if (arguments.raw && has_texts) {
    throw ConfigError("--raw is for pictures; encode --texts without it");
  }
}

int encode(Runtime& runtime, const Arguments& arguments) {
  require_one_rank(runtime, "encode");
  const std::vector<std::string> images =
      arguments.csv.empty() ? arguments.images : read_image_column(arguments);
  check(arguments, !images.empty());
  std::vector<std::string> texts;
  if (!arguments.texts.empty()) texts = read_lines(arguments.texts);
  const Clip model = load_clip(find_checkpoint(arguments.checkpoint, runtime), runtime.device());
  NamedTensors features;
  if (!images.empty()) {
    features.emplace_back(
        "image_features",
        encode_image_files(model, images, arguments.batch_size, Precision::kFp32, /*checksums=*/{},
                           /*after_batch=*/{},
                           arguments.raw ? FeatureScale::kRaw : FeatureScale::kNormalised));
  }
  if (!arguments.texts.empty()) {
    features.emplace_back("text_features", encode_texts(model, Tokenizer(), texts,
                                                        arguments.batch_size, Precision::kFp32));
  }
  if (std::filesystem::path(arguments.output).extension() == ".npy") {
    write_npy(arguments.output, features.front().second);
  } else {
    write_safetensors(arguments.output, features);
  }
  return kExitOk;
}

}  // namespace

void add_encode(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "encode", "Write the L2-normalised features of pictures and texts to a file");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("--checkpoint", arguments->checkpoint, kCheckpointHelp)->required();
  CLI::Option* images = command->add_option("--images", arguments->images,
                                            "Pictures, for image_features [number, d]");
  CLI::Option* csv =
      command->add_option("--csv", arguments->csv, "Instead: a table with a picture a row")
          ->excludes(images);
  command
      ->add_option("--images-root", arguments->images_root,
                   "Folder that the table's pictures are relative to")
      ->needs(csv);
  command->add_option("--image-column", arguments->image_column, "The table's column of pictures")
      ->needs(csv)
      ->capture_default_str();
  CLI::Option* texts = command->add_option(
      "--texts", arguments->texts, "UTF-8 file, one text a line, for text_features [lines, d]");
  command
      ->add_option("--output", arguments->output,
                   "File to write: .safetensors, or .npy for pictures or texts alone")
      ->required();
  command->add_flag("--raw", arguments->raw,
                    "Picture features as projected, not normalised, as linear probes use them");
  command->add_option("--batch-size", arguments->batch_size, "Pictures or texts an encode call")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_device_option(*command, arguments->runtime);
  command->callback([arguments, images, csv, texts] {
    if (images->count() + csv->count() + texts->count() == 0) {
      throw CLI::RequiredError("--images, --csv or --texts");
    }
    run_on_ranks(arguments->runtime,
                 [arguments](Runtime& runtime) { return encode(runtime, *arguments); });
  });
}

}  // namespace dermatome
