#include "sharding/shard_writer.h"

#include <map>
#include <span>
#include <string_view>

#include "sharding/hdf5.h"
#include "sharding/token_table.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/hash.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

using hdf5::Element;

// Lists back to back, with count + 1 bounds.
template <typename T>
struct Ragged {
  std::vector<T> values;
  std::vector<uint64_t> bounds{0};
  template <typename Range>
  void add(const Range& range) {
    values.insert(values.end(), range.begin(), range.end());
    bounds.push_back(values.size());
  }
};

// The distinct captions, numbered as they first appear.
class CaptionTable {
 public:
  int32_t row(std::string_view caption) {
    const auto [entry, inserted] =
        rows_.try_emplace(caption, static_cast<int32_t>(captions_.size()));
    if (inserted) captions_.push_back(caption);
    return entry->second;
  }
  const std::vector<std::string_view>& captions() const { return captions_; }

 private:
  std::map<std::string_view, int32_t> rows_;
  std::vector<std::string_view> captions_;
};

struct Columns {
  std::vector<shard_format::ImageRow> image_index;
  CaptionTable captions;
  int32_t empty_caption = 0;
  int32_t nan_caption = 0;
  std::vector<int32_t> caption;   // [n, N]
  std::vector<uint8_t> mask;      // [n, N]
  std::vector<int32_t> label;     // [n]
  std::vector<int32_t> ontology;  // [n]
  Ragged<char> sources;
  uint64_t image_bytes = 0;
};

Columns collect(const std::vector<ShardSample>& samples, size_t num_captions) {
  Columns columns;
  // What the objective's `released` mode encodes where a subcaption, or another caption, is
  // missing.
  columns.empty_caption = columns.captions.row("");
  columns.nan_caption = columns.captions.row("nan");
  for (const ShardSample& entry : samples) {
    const CaptionedSample& sample = *entry.sample;
    require(sample.captions.size() == num_captions && sample.mask.size() == num_captions,
            text("a sample without ", num_captions, " captions and mask entries"));
    columns.image_index.push_back({.offset = columns.image_bytes,
                                   .length = static_cast<uint32_t>(entry.image.bytes.size()),
                                   .height = static_cast<uint32_t>(entry.image.height),
                                   .width = static_cast<uint32_t>(entry.image.width),
                                   .crc32c = crc32c(entry.image.bytes)});
    columns.image_bytes += entry.image.bytes.size();
    for (const std::string& caption : sample.captions) {
      columns.caption.push_back(caption.empty() ? -1 : columns.captions.row(caption));
    }
    columns.mask.insert(columns.mask.end(), sample.mask.begin(), sample.mask.end());
    columns.label.push_back(static_cast<int32_t>(sample.label));
    columns.ontology.push_back(static_cast<int32_t>(sample.ontology));
    columns.sources.add(sample.image_path);
  }
  return columns;
}

// Creates and fills data sets, and computes the metadata's checksum.
class DatasetWriter {
 public:
  explicit DatasetWriter(hdf5::FileWriter& file) : file_(file) {}

  template <typename T>
  void write(const char* name, Element element, const std::vector<hsize_t>& shape,
             const std::vector<T>& values) {
    file_.create(name, element, shape);
    if (!values.empty()) file_.write_all(name, values.data());
    checksum_ = crc32c(std::as_bytes(std::span(values)), checksum_);
  }
  template <typename T>
  void write(const char* name, Element element, const std::vector<T>& values) {
    write(name, element, {values.size()}, values);
  }
  uint32_t checksum() const { return checksum_; }

 private:
  hdf5::FileWriter& file_;
  uint32_t checksum_ = 0;
};

// The order of the data sets is the order of their checksum.
uint32_t write_metadata(hdf5::FileWriter& file, const ShardHeader& header, const Columns& columns,
                        const TokenTable& tokens) {
  const std::vector<hsize_t> grid{columns.label.size(), header.aspects.size()};
  Ragged<char> captions;
  for (const std::string_view caption : columns.captions.captions()) captions.add(caption);
  Ragged<char> labels;
  for (const std::string& label : header.label_names) labels.add(label);
  DatasetWriter writer(file);
  writer.write(shard_format::kImageIndex, Element::kImageRow, columns.image_index);
  writer.write(shard_format::kCaptionBytes, Element::kU8, captions.values);
  writer.write(shard_format::kCaptionBounds, Element::kU64, captions.bounds);
  writer.write(shard_format::kTokens, Element::kU16, tokens.ids);
  writer.write(shard_format::kTokenBounds, Element::kU64, tokens.bounds);
  writer.write(shard_format::kSampleCaption, Element::kI32, grid, columns.caption);
  writer.write(shard_format::kSampleMask, Element::kU8, grid, columns.mask);
  writer.write(shard_format::kSampleLabel, Element::kI32, columns.label);
  writer.write(shard_format::kSampleOntology, Element::kI32, columns.ontology);
  writer.write(shard_format::kSourceBytes, Element::kU8, columns.sources.values);
  writer.write(shard_format::kSourceBounds, Element::kU64, columns.sources.bounds);
  writer.write(shard_format::kLabelBytes, Element::kU8, labels.values);
  writer.write(shard_format::kLabelBounds, Element::kU64, labels.bounds);
  return writer.checksum();
}

void write_attributes(hdf5::FileWriter& file, const ShardHeader& header, const Columns& columns,
                      uint32_t metadata_checksum) {
  std::string aspects;
  for (const std::string& aspect : header.aspects)
    aspects += (aspects.empty() ? "" : "\n") + aspect;
  file.attribute(shard_format::kFormatAttribute, shard_format::kMagic);
  file.attribute(shard_format::kVersionAttribute, header.format_version);
  file.attribute(shard_format::kTokenizerAttribute, header.tokenizer_hash);
  file.attribute(shard_format::kAspectsAttribute, aspects);
  file.attribute(shard_format::kEncodingAttribute, encoding_name(header.images));
  file.attribute(shard_format::kShortSideAttribute, int64_t{header.images.short_side});
  file.attribute(shard_format::kQualityAttribute, int64_t{stored_quality(header.images)});
  file.attribute(shard_format::kEmptyCaptionAttribute, int64_t{columns.empty_caption});
  file.attribute(shard_format::kNanCaptionAttribute, int64_t{columns.nan_caption});
  file.attribute(shard_format::kRejectedAttribute, header.num_rejected);
  file.attribute(shard_format::kTransparentAttribute, header.num_transparent);
  file.attribute(shard_format::kClippedAttribute, header.num_clipped);
  file.attribute(shard_format::kBuildDigestAttribute, header.build_digest);
  file.attribute(shard_format::kSourceDigestAttribute, header.source_digest);
  file.attribute(shard_format::kMetadataChecksumAttribute, int64_t{metadata_checksum});
}

}  // namespace

void write_shard(const std::filesystem::path& path, const ShardHeader& header,
                 const std::vector<ShardSample>& samples, const Tokenizer& tokenizer,
                 int num_threads) {
  const Columns columns = collect(samples, header.aspects.size());
  const TokenTable tokens =
      tokenize(columns.captions.captions(), tokenizer, shard_format::kStoredContext, num_threads);
  replace_atomically(path, [&](const std::filesystem::path& temporary) {
    hdf5::FileWriter file(temporary);
    for (const char* group : shard_format::kGroups) file.group(group);
    file.create(shard_format::kImageBytes, Element::kU8, {columns.image_bytes});
    for (size_t i = 0; i < samples.size(); ++i) {
      file.write_part(shard_format::kImageBytes, columns.image_index[i].offset,
                      samples[i].image.bytes.data(), samples[i].image.bytes.size());
    }
    const uint32_t checksum = write_metadata(file, header, columns, tokens);
    write_attributes(file, header, columns, checksum);
    file.close();
  });
}

}  // namespace dermatome
