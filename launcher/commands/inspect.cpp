// `dermatome inspect SHARD|DATA [--row N]`: a shard or one record of it, as a person wants to see
// it.
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <string>

#include "launcher/commands/commands.h"
#include "sharding/dataset.h"
#include "sharding/shard_reader.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/image/codec.h"
#include "src/text/tokenizer.h"

namespace dermatome {
namespace {

struct Arguments {
  std::string data;
  int64_t row = -1;
  std::string image;
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

void print_record(const ShardReader& shard, int64_t row, const Image& image) {
  std::printf("%s row %" PRId64 "\n", shard.path().c_str(), row);
  std::printf("  picture    %s, %d x %d\n", shard.source(row).c_str(), image.width, image.height);
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

void show(const ShardReader& shard, int64_t row, const std::string& file) {
  const Image image = shard.decode(row);
  print_record(shard, row, image);
  if (file.empty()) return;
  const auto png = encode_png(image, file);
  write_file_atomically(file, {reinterpret_cast<const char*>(png.data()), png.size()});
}

void check_row(const Arguments& arguments, int64_t num_samples) {
  if (arguments.row < num_samples) return;
  throw ConfigError("--row " + std::to_string(arguments.row) + ": " + arguments.data +
                    " has rows 0 to " + std::to_string(num_samples - 1));
}

void run_inspect(const Arguments& arguments) {
  const Tokenizer tokenizer;
  if (arguments.data.ends_with(".h5")) {
    const ShardReader shard(arguments.data, tokenizer.hash());
    check_row(arguments, shard.num_samples());
    return arguments.row < 0 ? print_shard(shard) : show(shard, arguments.row, arguments.image);
  }
  const ShardedDataset dataset(arguments.data, tokenizer.hash());
  check_row(arguments, dataset.size());
  if (arguments.row < 0) return print_dataset(dataset);
  const auto [shard, row] = dataset.locate(arguments.row);
  show(*shard, row, arguments.image);
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
  command->callback([arguments] { run_inspect(*arguments); });
}

}  // namespace dermatome
