// `dermatome inspect SHARD|DATA [--row N] [--sheet FILE]`: a shard or one record of it, as a person
// wants to see it.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "launcher/commands/commands.h"
#include "sharding/dataset.h"
#include "sharding/shard_reader.h"
#include "src/config/train_config.h"
#include "src/config/train_options.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/data/contact_sheet.h"
#include "src/data/sheet_record.h"
#include "src/image/codec.h"
#include "src/model/clip_config.h"
#include "src/text/tokenizer.h"

namespace dermatome {
namespace {

struct Arguments {
  std::string data;
  int64_t row = -1;
  std::string image;
  std::string sheet;
  std::string config;
  int64_t num_views = 8;
  int64_t num_records = 24;
};

// What the records are in: a shard, or the shards of a data set.
struct Records {
  int64_t count = 0;
  std::function<SamplePlace(int64_t index)> locate;
};

void print_shard(const ShardReader& shard) {
  const ShardHeader& header = shard.header();
  std::printf("%s\n", shard.path().c_str());
  std::printf("  %" PRId64 " samples, %d distinct captions, %.1f MB\n", shard.num_samples(),
              shard.caption_table_size(), static_cast<double>(shard.file_size()) / 1e6);
  const std::string coding =
      header.images.raw ? "raw" : "JPEG, quality " + std::to_string(header.images.quality);
  std::printf("  pictures: %s, short side at most %d\n", coding.c_str(), header.images.short_side);
  std::printf("  left out as unreadable: %" PRId64 "\n", header.num_rejected);
  std::printf("  captions a sample:");
  for (const std::string& aspect : header.aspects) std::printf(" %s", aspect.c_str());
  std::printf("\n  labels (%zu):", header.label_names.size());
  for (const std::string& label : header.label_names) std::printf(" '%s'", label.c_str());
  std::printf("\n");
}

void print_dataset(const ShardedDataset& dataset) {
  const Manifest& manifest = dataset.sources().front().manifest;
  std::printf("%" PRId64 " samples in %zu shard(s), %" PRId64 " left out as unreadable\n",
              manifest.num_samples(), manifest.shards.size(), manifest.num_rejected);
  int64_t first = 0;
  for (const ShardEntry& shard : manifest.shards) {
    std::printf("  %s: rows %" PRId64 " to %" PRId64 ", %.1f MB\n", shard.file.c_str(), first,
                first + shard.num_samples - 1, static_cast<double>(shard.bytes) / 1e6);
    first += shard.num_samples;
  }
}

// `size`: the picture's, or that it has none.
void print_record(const ShardReader& shard, int64_t row, const std::string& size) {
  std::printf("%s row %" PRId64 "\n", shard.path().c_str(), row);
  std::printf("  picture    %s, %s\n", shard.source(row).c_str(), size.c_str());
  const int64_t label = shard.label(row);
  std::printf("  label      %s\n",
              label < 0 ? "none" : shard.header().label_names[static_cast<size_t>(label)].c_str());
  if (shard.ontology(row) >= 0) std::printf("  ontology   node %" PRId64 "\n", shard.ontology(row));
  const auto captions = shard.caption_ids(row);
  for (size_t k = 0; k < captions.size(); ++k) {
    const std::string& aspect = shard.header().aspects[k];
    if (captions[k] < 0) {
      std::printf("  %-15s none\n", aspect.c_str());
      continue;
    }
    std::printf("  %-15s %s%s (%zu tokens)\n", aspect.c_str(),
                shard.caption_text(captions[k]).c_str(),
                shard.mask(row)[k] != 0 ? "" : " [not valid]", shard.tokens(captions[k]).size());
  }
}

void write_png(const Image& image, const std::string& file) {
  const auto png = encode_png(image, file);
  write_file_atomically(file, {reinterpret_cast<const char*>(png.data()), png.size()});
}

// A configuration's, or the published recipe's (configs/make_vit_b16.yaml).
ViewOptions view_options(const std::string& config_file) {
  if (config_file.empty()) {
    return {.augmentation = {.scale = {0.4, 1.0},
                             .color_jitter = {0.32, 0.32, 0.32, 0.08},
                             .color_jitter_probability = 0.8,
                             .gray_probability = 0.2}};
  }
  const TrainOptions options = load_train_config(config_file, {});
  const ClipConfig model = read_clip_config(options.model.architecture);
  return {options.augmentation, static_cast<int>(model.vision.image_size), options.seed};
}

void show_record(const Records& records, const Arguments& arguments) {
  const auto [shard, row] = records.locate(arguments.row);
  Image image;
  try {
    shard->decode(row, image);
  } catch (const DataError&) {
    // What the record says besides may tell which picture it was.
    print_record(*shard, row, "cannot be read");
    throw;
  }
  print_record(*shard, row, std::to_string(image.width) + " x " + std::to_string(image.height));
  if (!arguments.image.empty()) write_png(image, arguments.image);
  if (arguments.sheet.empty()) return;
  const SheetRecord record = make_sheet_record(*shard, row, view_options(arguments.config),
                                               /*first_draw=*/0, arguments.num_views);
  write_png(draw_record_sheet(record), arguments.sheet);
}

// Evenly spread records, each with the view it has when it is drawn in the order of the table.
void write_overview(const Records& records, const Arguments& arguments) {
  const ViewOptions options = view_options(arguments.config);
  const int64_t count = std::min(arguments.num_records, records.count);
  std::vector<SheetRecord> shown;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t index = i * records.count / count;
    const auto [shard, row] = records.locate(index);
    shown.push_back(make_sheet_record(*shard, row, options, /*first_draw=*/index, /*num_views=*/1));
    shown.back().stored = {};  // not shown, and large
  }
  const std::string subtitle = std::to_string(count) + " of " + std::to_string(records.count) +
                               " samples, evenly spread, each as augmented for training";
  write_png(draw_overview_sheet(arguments.data, subtitle, shown), arguments.sheet);
}

void show(const Records& records, const Arguments& arguments) {
  if (arguments.row >= records.count) {
    throw ConfigError("--row " + std::to_string(arguments.row) + ": " + arguments.data +
                      " has rows 0 to " + std::to_string(records.count - 1));
  }
  if (arguments.row >= 0) return show_record(records, arguments);
  if (!arguments.sheet.empty()) write_overview(records, arguments);
}

void run_inspect(const Arguments& arguments) {
  const Tokenizer tokenizer;
  if (arguments.data.ends_with(".h5")) {
    const auto shard = std::make_shared<const ShardReader>(arguments.data, tokenizer.hash());
    if (arguments.row < 0) print_shard(*shard);
    const auto locate = [&shard](int64_t row) { return SamplePlace{shard, row}; };
    return show({shard->num_samples(), locate}, arguments);
  }
  const ShardedDataset dataset(arguments.data, tokenizer.hash());
  if (arguments.row < 0) print_dataset(dataset);
  show({dataset.size(), [&dataset](int64_t row) { return dataset.locate(row); }}, arguments);
}

}  // namespace

void add_inspect(CLI::App& app) {
  auto* command = app.add_subcommand("inspect", "Show a shard, a data set, or one record of it");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("data", arguments->data, "A shard (.h5), or a data set's directory")
      ->required();
  CLI::Option* row =
      command->add_option("--row", arguments->row, "The record, counted from 0 in what is given")
          ->check(CLI::NonNegativeNumber);
  command->add_option("--image", arguments->image, "PNG file to write the record's picture to")
      ->needs(row);
  CLI::Option* sheet = command->add_option("--sheet", arguments->sheet,
                                           "PNG file to write a contact sheet to: with --row the "
                                           "record's picture, augmented views of it "
                                           "as training draws them, and its captions; without, "
                                           "records spread over the data, a view each");
  command
      ->add_option(
          "--config", arguments->config,
          "Training configuration whose augmentation, seed and picture size the sheet shows "
          "(default: MAKE's, as in configs/make_vit_b16.yaml: scale 0.4 to 1, jitter 0.32 "
          "0.32 0.32 0.08 with probability 0.8, grey with 0.2, seed 0, 224 pixels)")
      ->needs(sheet);
  command->add_option("--views", arguments->num_views, "Views of the record on the sheet")
      ->check(CLI::Range(1, 64))
      ->capture_default_str()
      ->needs(sheet)
      ->needs(row);
  command->add_option("--records", arguments->num_records, "Records on a sheet without --row")
      ->check(CLI::Range(1, 600))
      ->capture_default_str()
      ->needs(sheet)
      ->excludes(row);
  command->callback([arguments] { run_inspect(*arguments); });
}

}  // namespace dermatome
