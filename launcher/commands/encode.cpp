// `dermatome encode`: features of image files and texts, into a safetensors or NumPy file.
#include <memory>
#include <string>

#include "launcher/commands/commands.h"
#include "launcher/commands/model_options.h"
#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "src/config/runtime_options.h"
#include "src/eval/feature_file.h"
#include "src/weights/weights.h"

namespace dermatome {
namespace {

struct EncodeArguments {
  std::string checkpoint;
  ModelHints hints;
  FeatureFileOptions features;
  RuntimeOptions runtime;
};

int encode(Runtime& runtime, const EncodeArguments& arguments) {
  require_one_rank(runtime, "encode");
  const FeatureInputs inputs = read_feature_inputs(arguments.features);
  const Clip model =
      load_clip(find_checkpoint(arguments.checkpoint, runtime), runtime.device(), arguments.hints);
  write_feature_file(model, inputs, arguments.features);
  return kExitOk;
}

}  // namespace

void add_encode(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "encode", "Write the L2-normalized features of images and texts to a file");
  command->footer(
      "dermatome encode --checkpoint runs/first --images a.jpg b.jpg --output features.npy\n"
      "dermatome encode --checkpoint runs/first --csv table.csv --images-root /data --output "
      "f.npy");
  const auto arguments = std::make_shared<EncodeArguments>();
  FeatureFileOptions& options = arguments->features;
  command->add_option("--checkpoint", arguments->checkpoint, kCheckpointHelp)->required();
  CLI::Option* images = command->add_option("--images", options.images,
                                            "Image files, for image_features [number, d]");
  CLI::Option* csv =
      command->add_option("--csv", options.csv, "Or a table with an image in every row")
          ->excludes(images);
  command
      ->add_option("--images-root", options.images_root,
                   "Folder that the table's images are relative to")
      ->needs(csv);
  command->add_option("--image-column", options.image_column, "The table's column of images")
      ->needs(csv)
      ->capture_default_str();
  CLI::Option* texts = command->add_option(
      "--texts", options.texts, "UTF-8 file, one text per line, for text_features [lines, d]");
  command
      ->add_option("--output", options.output,
                   "File to write: .safetensors, or .npy for images or texts alone")
      ->required();
  command->add_flag("--raw", options.raw,
                    "Write image features as projected, not normalized, as linear probes use them");
  command->add_option("--batch-size", options.batch_size, "Images or texts per encode call")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_hint_options(*command, arguments->hints);
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
