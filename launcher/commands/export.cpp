// `dermatome export`: a checkpoint in the layout of another program, with a card.
#include <memory>

#include "launcher/commands/choice.h"
#include "launcher/commands/commands.h"
#include "launcher/commands/model_options.h"
#include "launcher/version.h"
#include "src/export/export_checkpoint.h"

namespace dermatome {

void add_export(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "export", "Write a checkpoint in the layout of transformers or open_clip, with a model card");
  command->footer(
      "dermatome export --checkpoint runs/first --output exported/first\n"
      "dermatome export --checkpoint runs/first --format vision --dtype bf16 --license "
      "cc-by-nc-4.0 "
      "--output exported/first_vision");
  const auto options = std::make_shared<ExportOptions>();
  command->add_option("--checkpoint", options->checkpoint, kCheckpointHelp)->required();
  add_choice(*command, "--format", options->format,
             Choices<ExportFormat>{{"transformers", ExportFormat::kTransformers},
                                   {"open_clip", ExportFormat::kOpenClip},
                                   {"vision", ExportFormat::kVision},
                                   {"text", ExportFormat::kText}},
             "transformers: CLIPModel and CLIPProcessor; open_clip: its hub layout; vision, text: "
             "one tower alone, transformers' CLIPVisionModelWithProjection with "
             "CLIPImageProcessor, or CLIPTextModelWithProjection with CLIPTokenizer");
  add_choice(*command, "--dtype", options->type,
             Choices<c10::ScalarType>{{"fp32", c10::ScalarType::Float},
                                      {"fp16", c10::ScalarType::Half},
                                      {"bf16", c10::ScalarType::BFloat16}},
             "Type of the weights");
  command
      ->add_option("--output", options->output,
                   "Directory to write, which does not exist or is empty")
      ->required();
  command->add_option("--license", options->license,
                      "License of the weights for the card, as Hugging Face names it, such as "
                      "cc-by-nc-4.0; default: the card has a line to fill in");
  add_hint_options(*command, options->hints);
  command->callback([options] {
    options->version = version();
    export_checkpoint(*options);
  });
}

}  // namespace dermatome
