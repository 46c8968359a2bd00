#include "src/report/inspect.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iomanip>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "sharding/dataset.h"
#include "sharding/shard_reader.h"
#include "src/config/train_config.h"
#include "src/config/train_options.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/image/codec.h"
#include "src/report/page.h"
#include "src/report/sheet.h"
#include "src/report/statistics.h"
#include "src/weights/architectures.h"

namespace dermatome {
namespace {

using nlohmann::json;

// The records of a shard or of a data set.
struct Records {
  int64_t count = 0;
  std::function<SamplePlace(int64_t index)> locate;
};

std::string megabytes(uint64_t bytes) {
  return format("%.1f MB", static_cast<double>(bytes) / 1e6);
}

void describe_shard(const ShardReader& shard, std::ostream& out) {
  const ShardHeader& header = shard.header();
  const std::string coding =
      header.images.raw ? "raw" : text("JPEG, quality ", header.images.quality);
  out << shard.path().string() << "\n  " << shard.num_samples() << " samples, "
      << shard.caption_table_size() << " distinct captions, " << megabytes(shard.file_size())
      << "\n  images: " << coding << ", short side at most " << header.images.short_side
      << "\n  left out as unreadable: " << header.num_rejected << "\n  captions of each sample:";
  for (const std::string& aspect : header.aspects) out << ' ' << aspect;
  out << "\n  labels (" << header.label_names.size() << "):";
  for (const std::string& label : header.label_names) out << " '" << label << "'";
  out << '\n';
}

void describe_dataset(const ShardedDataset& dataset, std::ostream& out) {
  const Manifest& manifest = dataset.sources().front().manifest;
  out << manifest.num_samples() << " samples in " << manifest.shards.size() << " shard(s), "
      << manifest.num_rejected << " left out as unreadable\n";
  int64_t first = 0;
  for (const ShardEntry& shard : manifest.shards) {
    const int64_t next = first + shard.num_samples;
    out << "  " << shard.file << ": rows " << first << " to " << next - 1 << ", "
        << megabytes(shard.bytes) << '\n';
    first = next;
  }
  DataStatistics statistics;
  first = 0;
  for (const ShardEntry& shard : manifest.shards) {
    if (shard.num_samples > 0) statistics.add(*dataset.locate(first).shard);
    first += shard.num_samples;
  }
  statistics.write(out);
}

// `size` is the image's size, or says that it cannot be read.
void describe_record(const SamplePlace& place, const std::string& size, std::ostream& out) {
  const auto& [shard, row] = place;
  const ShardHeader& header = shard->header();
  const int64_t label = shard->label(row);
  out << shard->path().string() << " row " << row << "\n  image      " << shard->source(row) << ", "
      << size << "\n  label      "
      << (label < 0 ? "none" : header.label_names[static_cast<size_t>(label)]) << '\n';
  if (shard->ontology(row) >= 0) out << "  ontology   node " << shard->ontology(row) << '\n';
  const auto captions = shard->caption_ids(row);
  for (size_t k = 0; k < captions.size(); ++k) {
    out << "  " << std::left << std::setw(15) << header.aspects[k] << ' ';
    if (captions[k] < 0) {
      out << "none\n";
      continue;
    }
    out << shard->caption_text(captions[k]) << (shard->mask(row)[k] != 0 ? "" : " [not valid]")
        << " (" << shard->tokens(captions[k]).size() << " tokens)\n";
  }
}

// The views of a configuration, or of the published recipe (configs/make_vit_b16.yaml).
ViewOptions view_options(const std::string& config_file) {
  if (config_file.empty()) {
    return {.augmentation = {.scale = {0.4, 1.0},
                             .color_jitter = {0.32, 0.32, 0.32, 0.08},
                             .color_jitter_probability = 0.8,
                             .gray_probability = 0.2}};
  }
  const TrainOptions options = load_train_config(config_file, {});
  const ClipConfig model = read_architecture(options.model.architecture);
  return {options.augmentation, static_cast<int>(model.vision.image_size), options.seed};
}

void show_record(const Records& records, const InspectOptions& options, std::ostream& out) {
  const SamplePlace place = records.locate(options.row);
  Image image;
  try {
    place.shard->decode(place.row, image);
  } catch (const DataError&) {
    // The rest of the record may tell which image it was.
    describe_record(place, "cannot be read", out);
    throw;
  }
  describe_record(place, text(image.width, " x ", image.height), out);
  if (!options.image.empty()) {
    const auto png = encode_png(image, options.image);
    write_file_atomically(options.image, {reinterpret_cast<const char*>(png.data()), png.size()});
  }
  if (options.sheet.empty()) return;
  const json sheet = record_sheet(place, view_options(options.config), options.num_views);
  write_file_atomically(options.sheet, render_sheet(sheet));
}

// Writes a sheet of evenly spread records, each with the view that it has when training draws the
// records in the order of the table.
void write_overview(const Records& records, const InspectOptions& options) {
  const ViewOptions views = view_options(options.config);
  const int64_t count = std::min(options.num_records, records.count);
  json shown = json::array();
  for (int64_t i = 0; i < count; ++i) {
    const int64_t index = i * records.count / count;
    shown.push_back(overview_record(records.locate(index), views, /*draw=*/index));
  }
  const json sheet = {{"title", options.data},
                      {"subtitle", text(count, " of ", records.count,
                                        " samples, evenly spread, each as augmented for training")},
                      {"records", shown}};
  write_file_atomically(options.sheet, render_sheet(sheet));
}

void show(const Records& records, const InspectOptions& options, std::ostream& out) {
  if (options.row >= records.count) {
    throw ConfigError(
        text("--row ", options.row, ": ", options.data, " has rows 0 to ", records.count - 1));
  }
  if (options.row >= 0) return show_record(records, options, out);
  if (!options.sheet.empty()) write_overview(records, options);
}

}  // namespace

void inspect(const InspectOptions& options, std::ostream& out) {
  check_sheet_name(options.sheet);
  if (options.data.ends_with(".h5")) {
    const auto shard = std::make_shared<const ShardReader>(options.data);
    if (options.row < 0) describe_shard(*shard, out);
    const auto locate = [&shard](int64_t row) { return SamplePlace{shard, row}; };
    return show({shard->num_samples(), locate}, options, out);
  }
  const ShardedDataset dataset(options.data);
  if (options.row < 0) describe_dataset(dataset, out);
  show({dataset.size(), [&dataset](int64_t row) { return dataset.locate(row); }}, options, out);
}

}  // namespace dermatome
