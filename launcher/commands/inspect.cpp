// `dermatome inspect SHARD|DATA [--row N] [--sheet FILE.html]`: a shard or one record of it.
#include "src/report/inspect.h"

#include <iostream>
#include <memory>

#include "launcher/commands/commands.h"

namespace dermatome {

void add_inspect(CLI::App& app) {
  auto* command = app.add_subcommand("inspect", "Show a shard, a data set, or one record of it");
  command->footer(
      "dermatome inspect shards/train --row 7\n"
      "dermatome inspect shards/train --row 7 --sheet seven.html");
  const auto options = std::make_shared<InspectOptions>();
  command->add_option("data", options->data, "A shard (.h5), or a data set's directory")
      ->required();
  CLI::Option* row =
      command->add_option("--row", options->row, "The record, counted from 0 in what is given")
          ->check(CLI::NonNegativeNumber);
  command->add_option("--image", options->image, "PNG file to write the record's image to")
      ->needs(row);
  CLI::Option* sheet = command->add_option(
      "--sheet", options->sheet,
      "HTML file to write, which a browser shows without a network: with --row the record's image, "
      "augmented views of it as training draws them, and its captions; without --row, records "
      "spread over the data, each with one view");
  command
      ->add_option("--config", options->config,
                   "Training configuration whose augmentation, seed and image size the sheet shows "
                   "(default: MAKE's, as in configs/make_vit_b16.yaml: scale 0.4 to 1, jitter 0.32 "
                   "0.32 0.32 0.08 with probability 0.8, gray with 0.2, seed 0, 224 pixels)")
      ->needs(sheet);
  command->add_option("--views", options->num_views, "Views of the record on the sheet")
      ->check(CLI::Range(1, 64))
      ->capture_default_str()
      ->needs(sheet)
      ->needs(row);
  command->add_option("--records", options->num_records, "Records on a sheet without --row")
      ->check(CLI::Range(1, 600))
      ->capture_default_str()
      ->needs(sheet)
      ->excludes(row);
  command->callback([options] { inspect(*options, std::cout); });
}

}  // namespace dermatome
