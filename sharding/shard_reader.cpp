#include "sharding/shard_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sharding/checksum.h"
#include "sharding/hdf5.h"
#include "sharding/storage_retry.h"
#include "src/core/error.h"
#include "src/core/hash.h"
#include "src/core/text.h"
#include "src/image/codec.h"

namespace dermatome {
namespace {

using hdf5::Element;
namespace names = shard_format;

constexpr const char* kShardAgain = "; shard the data again";

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::string ragged_text(std::span<const char> values, std::span<const uint64_t> bounds,
                        size_t item) {
  return {values.data() + bounds[item], values.data() + bounds[item + 1]};
}

}  // namespace

struct ShardReader::Opened {
  std::vector<char> captions, labels;
  std::vector<uint64_t> caption_bounds, label_bounds;
};

template <typename Visit>
void ShardReader::visit_metadata(Opened& opened, const Visit& visit) {
  visit(names::kImageIndex, Element::kImageRow, 1, images_);
  visit(names::kCaptionBytes, Element::kU8, 1, opened.captions);
  visit(names::kCaptionBounds, Element::kU64, 1, opened.caption_bounds);
  visit(names::kTokens, Element::kU16, 1, tokens_.ids);
  visit(names::kTokenBounds, Element::kU64, 1, tokens_.bounds);
  visit(names::kSampleCaption, Element::kI32, 2, caption_);
  visit(names::kSampleMask, Element::kU8, 2, mask_);
  visit(names::kSampleLabel, Element::kI32, 1, label_);
  visit(names::kSampleOntology, Element::kI32, 1, ontology_);
  visit(names::kSourceBytes, Element::kU8, 1, source_);
  visit(names::kSourceBounds, Element::kU64, 1, source_bounds_);
  visit(names::kLabelBytes, Element::kU8, 1, opened.labels);
  visit(names::kLabelBounds, Element::kU64, 1, opened.label_bounds);
}

ShardReader::ShardReader(const std::filesystem::path& path, Opening opening)
    : path_(path), file_(path, opening) {
  // HDF5 is held no longer than it takes to ask where things are.
  bool failed = false;
  read_metadata(retry_storage([&] {
    // Waits for the file to be there: HDF5 would take a missing file for a damaged one.
    if (std::exchange(failed, true)) const StoredFile there(path, Opening::kAgain);
    const hdf5::ContiguousFile file(path);
    read_header(file);
    return locate_metadata(file);
  }));
  check_indices();
}

void ShardReader::check(bool good, const std::string& what, const char* remedy) const {
  if (!good) throw DataError(text("shard ", path_, ": ", what, remedy));
}

void ShardReader::check_partition(std::span<const uint64_t> bounds, size_t num_values,
                                  const char* name) const {
  check(!bounds.empty() && bounds.front() == 0 && bounds.back() == num_values &&
            std::is_sorted(bounds.begin(), bounds.end()),
        text("data set ", name, " does not part its values: its bounds do not rise from 0 to ",
             num_values));
}

void ShardReader::read_header(const hdf5::ContiguousFile& file) {
  check(file.text(names::kFormatAttribute) == names::kMagic, "not a Dermatome shard",
        "; name one that `dermatome shard` made");
  header_.format_version = file.integer(names::kVersionAttribute);
  check(header_.format_version == names::kFormatVersion,
        text("format version ", header_.format_version, ", but this program reads ",
             names::kFormatVersion),
        kShardAgain);
  header_.tokenizer_hash = file.text(names::kTokenizerAttribute);
  header_.aspects = split_lines(file.text(names::kAspectsAttribute));
  const std::string encoding = file.text(names::kEncodingAttribute);
  check(encoding == names::kJpeg || encoding == names::kRaw,
        text("images are encoded as '", encoding, "'; this program reads jpeg and raw"),
        kShardAgain);
  header_.images.raw = encoding == names::kRaw;
  header_.images.short_side = static_cast<int>(file.integer(names::kShortSideAttribute));
  header_.images.quality = static_cast<int>(file.integer(names::kQualityAttribute));
  header_.build_digest = file.text(names::kBuildDigestAttribute);
  header_.source_digest = file.text(names::kSourceDigestAttribute);
  header_.num_rejected = file.integer(names::kRejectedAttribute);
  const auto count = [&](const char* name) { return file.has(name) ? file.integer(name) : -1; };
  header_.num_transparent = count(names::kTransparentAttribute);
  header_.num_clipped = count(names::kClippedAttribute);
  empty_caption_ = static_cast<int32_t>(file.integer(names::kEmptyCaptionAttribute));
  nan_caption_ = static_cast<int32_t>(file.integer(names::kNanCaptionAttribute));
}

std::map<std::string, hdf5::Section> ShardReader::locate_metadata(
    const hdf5::ContiguousFile& file) {
  const auto locate = [&](const char* name, Element element, int rank) {
    const hdf5::Section section = file.section(name, element, rank);
    check(section.offset <= file_.size() && section.bytes <= file_.size() - section.offset,
          text("data set ", name, " reaches beyond the end of the file"));
    return section;
  };
  const hdf5::Section image_bytes = locate(names::kImageBytes, Element::kU8, 1);
  image_offset_ = image_bytes.offset;
  image_bytes_ = image_bytes.bytes;
  std::map<std::string, hdf5::Section> sections;
  Opened opened;
  visit_metadata(opened, [&](const char* name, Element element, int rank, const auto& /*values*/) {
    sections.emplace(name, locate(name, element, rank));
  });
  metadata_checksum_ = static_cast<uint64_t>(file.integer(names::kMetadataChecksumAttribute));
  return sections;
}

void ShardReader::read_metadata(const std::map<std::string, hdf5::Section>& sections) {
  Opened opened;
  uint32_t checksum = 0;
  visit_metadata(opened, [&]<typename T>(const char* name, Element, int, std::vector<T>& values) {
    const hdf5::Section& section = sections.at(name);
    values.resize(section.bytes / sizeof(T));
    const auto bytes = std::as_writable_bytes(std::span(values));
    file_.read(section.offset, bytes);
    checksum = crc32c(bytes, checksum);
  });
  caption_offset_ = sections.at(names::kCaptionBytes).offset;
  caption_bytes_ = sections.at(names::kCaptionBytes).bytes;
  caption_bounds_offset_ = sections.at(names::kCaptionBounds).offset;
  check(same_checksum(checksum, metadata_checksum_),
        "the metadata fails its checksum: the file is damaged");
  check_partition(opened.caption_bounds, opened.captions.size(), names::kCaptionBounds);
  check(tokens_.bounds.size() == opened.caption_bounds.size(),
        "the captions' texts and tokens differ in number");
  check_partition(opened.label_bounds, opened.labels.size(), names::kLabelBounds);
  for (size_t i = 0; i + 1 < opened.label_bounds.size(); ++i) {
    header_.label_names.push_back(ragged_text(opened.labels, opened.label_bounds, i));
  }
}

void ShardReader::check_indices() const {
  const size_t n = images_.size();
  const size_t cells = n * header_.aspects.size();
  const auto check_size = [&](const char* name, size_t size, size_t expected) {
    check(size == expected, text("data set ", name, " has ", size, " instead of ", expected,
                                 " elements for the ", n, " samples of ", names::kImageIndex));
  };
  check_size(names::kSampleCaption, caption_.size(), cells);
  check_size(names::kSampleMask, mask_.size(), cells);
  check_size(names::kSampleLabel, label_.size(), n);
  check_size(names::kSampleOntology, ontology_.size(), n);
  check_size(names::kSourceBounds, source_bounds_.size(), n + 1);
  check_partition(source_bounds_, source_.size(), names::kSourceBounds);
  check_partition(tokens_.bounds, tokens_.ids.size(), names::kTokenBounds);
  const int32_t table = caption_table_size();
  check(empty_caption_ >= 0 && empty_caption_ < table && nan_caption_ >= 0 && nan_caption_ < table,
        text("attributes ", names::kEmptyCaptionAttribute, " and ", names::kNanCaptionAttribute,
             " are no rows of the caption table"));
  for (size_t row = 0; row < n; ++row) {
    const auto fail = [&](const std::string& what) {
      throw DataError(text(where(row), ": ", what, kShardRemedy));
    };
    const auto& image = images_[row];
    if (image.offset > image_bytes_ || image.length > image_bytes_ - image.offset) {
      fail(std::string("the image's bytes lie outside ") + names::kImageBytes);
    }
    if (image.height == 0 || image.width == 0 || image.height > kMaxPixels / image.width) {
      fail(text("an image of ", image.width, " x ", image.height, " pixels"));
    }
    for (size_t k = 0; k < header_.aspects.size(); ++k) {
      const int32_t caption = caption_ids(row)[k];
      const uint8_t valid = mask(row)[k];
      if (caption < -1 || caption >= table || valid > 1 || (valid == 1 && caption < 0)) {
        fail(text("caption row ", caption, " of ", table, " with mask ", valid, " for ",
                  header_.aspects[k]));
      }
    }
    if (label_[row] < -1 || label_[row] >= static_cast<int64_t>(header_.label_names.size())) {
      fail(text("label ", label_[row], ", but there are ", header_.label_names.size(),
                " label names"));
    }
  }
}

uint64_t ShardReader::memory_bytes() const {
  const auto bytes = [](const auto&... values) { return (std::span(values).size_bytes() + ...); };
  return bytes(images_, tokens_.ids, tokens_.bounds, caption_, mask_, label_, ontology_, source_,
               source_bounds_);
}

void ShardReader::check_row(int64_t row) const {
  require(row >= 0 && row < num_samples(),
          [&] { return text("row ", row, " of a shard of ", num_samples()); });
}

void ShardReader::check_caption(int32_t caption) const {
  require(caption >= 0 && caption < caption_table_size(),
          [&] { return text("caption ", caption, " of ", caption_table_size()); });
}

Image ShardReader::decode(int64_t row) const {
  Image image;
  decode(row, image);
  return image;
}

void ShardReader::read_record(int64_t row, std::span<std::byte> bytes) const {
  const auto& record = images_[row];
  try {
    file_.read(image_offset_ + record.offset, bytes);
  } catch (const StorageLost& error) {
    throw StorageLost(text(where(row), ": ", error.what()));
  } catch (const DataError& error) {
    throw DataError(text(where(row), ": ", error.what()));
  }
  if (!same_checksum(crc32c(bytes), record.crc32c)) {
    throw CorruptRecord(text(
        where(row), ": the image's bytes fail their checksum: the file is damaged", kShardRemedy));
  }
}

void ShardReader::decode(int64_t row, Image& image) const {
  check_row(row);
  const auto& record = images_[row];
  const auto height = static_cast<int>(record.height);
  const auto width = static_cast<int>(record.width);
  if (header_.images.raw) {
    image.height = height;
    image.width = width;
    image.pixels.resize(record.length);
    read_record(row, std::as_writable_bytes(std::span(image.pixels)));
  } else {
    thread_local std::vector<std::byte> memory;
    if (memory.size() < record.length) memory.resize(record.length);
    const std::span bytes(memory.data(), record.length);
    read_record(row, bytes);
    try {
      decode_image(bytes, image);
    } catch (const DataError& error) {
      throw CorruptRecord(text(where(row), ": ", error.what()));
    }
  }
  const size_t expected = static_cast<size_t>(height) * width * 3;
  if (image.height != height || image.width != width || image.pixels.size() != expected) {
    throw CorruptRecord(
        text(where(row), ": the image's size differs from the index's ", width, " x ", height));
  }
}

std::span<const int32_t> ShardReader::caption_ids(int64_t row) const {
  check_row(row);
  return std::span(caption_).subspan(row * num_captions(), num_captions());
}

ImageSize ShardReader::image_size(int64_t row) const {
  check_row(row);
  return {static_cast<int>(images_[row].height), static_cast<int>(images_[row].width)};
}

std::span<const uint8_t> ShardReader::mask(int64_t row) const {
  check_row(row);
  return std::span(mask_).subspan(row * num_captions(), num_captions());
}

int64_t ShardReader::label(int64_t row) const {
  check_row(row);
  return label_[row];
}

int64_t ShardReader::ontology(int64_t row) const {
  check_row(row);
  return ontology_[row];
}

std::string ShardReader::source(int64_t row) const {
  check_row(row);
  return ragged_text(source_, source_bounds_, row);
}

std::string ShardReader::where(int64_t row) const {
  return text("shard ", path_, " row ", row, " (", source(row), ")");
}

std::span<const uint16_t> ShardReader::tokens(int32_t caption) const {
  check_caption(caption);
  return tokens_[caption];
}

void ShardReader::set_tokens(TokenTable tokens) {
  require(tokens.size() == tokens_.size(), "token ids for another number of captions");
  tokens_ = std::move(tokens);
}

void ShardReader::read_caption_bounds(int32_t first, std::span<uint64_t> bounds) const {
  file_.read(caption_bounds_offset_ + static_cast<uint64_t>(first) * sizeof(uint64_t),
             std::as_writable_bytes(bounds));
  // The bounds were right when the shard was opened.
  check(std::is_sorted(bounds.begin(), bounds.end()) && bounds.back() <= caption_bytes_,
        std::string(names::kCaptionBounds) + " has changed since the shard was opened");
}

std::string ShardReader::caption_text(int32_t caption) const {
  check_caption(caption);
  std::array<uint64_t, 2> bounds{};
  read_caption_bounds(caption, bounds);
  std::string text(bounds[1] - bounds[0], '\0');
  file_.read(caption_offset_ + bounds[0], std::as_writable_bytes(std::span(text)));
  return text;
}

std::vector<std::string> ShardReader::caption_texts() const {
  std::vector<uint64_t> bounds(tokens_.bounds.size());
  read_caption_bounds(0, bounds);
  std::string bytes(bounds.back(), '\0');
  file_.read(caption_offset_, std::as_writable_bytes(std::span(bytes)));
  std::vector<std::string> texts;
  for (size_t i = 0; i + 1 < bounds.size(); ++i) texts.push_back(ragged_text(bytes, bounds, i));
  return texts;
}

}  // namespace dermatome
