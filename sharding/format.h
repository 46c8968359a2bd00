// Names and numbers of the shard format; FORMAT.md explains them. Whatever changes here changes
// kFormatVersion, and readers refuse every version but their own.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace dermatome::shard_format {

// Readers take the little-endian file's bytes into memory and use them as they are.
static_assert(std::endian::native == std::endian::little);

inline constexpr std::string_view kMagic = "dermatome-shard";
inline constexpr int64_t kFormatVersion = 1;
inline constexpr std::string_view kManifestName = "manifest.yaml";
// The most token ids of a stored caption.
inline constexpr int64_t kStoredContext = 77;

// Attributes of the root group.
inline constexpr const char* kFormatAttribute = "format";
inline constexpr const char* kVersionAttribute = "format_version";
inline constexpr const char* kTokenizerAttribute = "tokenizer_hash";
inline constexpr const char* kAspectsAttribute = "aspects";  // names, one per line
inline constexpr const char* kEncodingAttribute = "image_encoding";
inline constexpr const char* kShortSideAttribute = "image_short_side";
inline constexpr const char* kQualityAttribute = "jpeg_quality";
inline constexpr const char* kEmptyCaptionAttribute = "empty_caption_row";
inline constexpr const char* kNanCaptionAttribute = "nan_caption_row";
inline constexpr const char* kRejectedAttribute = "num_rejected";
// Shards of older programs lack these two.
inline constexpr const char* kTransparentAttribute = "num_transparent";
inline constexpr const char* kClippedAttribute = "num_clipped";
inline constexpr const char* kBuildDigestAttribute = "build_digest";
inline constexpr const char* kSourceDigestAttribute = "source_digest";
inline constexpr const char* kMetadataChecksumAttribute = "metadata_crc32c";

inline constexpr const char* kGroups[] = {"/images", "/captions", "/samples", "/labels"};

// Data sets, contiguous and uncompressed. "Ragged" pairs hold elements back to back and count + 1
// bounds.
inline constexpr const char* kImageBytes = "/images/bytes";
inline constexpr const char* kImageIndex = "/images/index";
inline constexpr const char* kCaptionBytes = "/captions/bytes";
inline constexpr const char* kCaptionBounds = "/captions/index";
inline constexpr const char* kTokens = "/captions/tokens";
inline constexpr const char* kTokenBounds = "/captions/token_index";
inline constexpr const char* kSampleCaption = "/samples/caption";
inline constexpr const char* kSampleMask = "/samples/mask";
inline constexpr const char* kSampleLabel = "/samples/label";
inline constexpr const char* kSampleOntology = "/samples/ontology";
inline constexpr const char* kSourceBytes = "/samples/source";
inline constexpr const char* kSourceBounds = "/samples/source_index";
inline constexpr const char* kLabelBytes = "/labels/names";
inline constexpr const char* kLabelBounds = "/labels/index";

inline constexpr std::string_view kJpeg = "jpeg";
inline constexpr std::string_view kRaw = "raw";

// A row of /images/index: a compound without padding.
struct ImageRow {
  uint64_t offset = 0;  // into /images/bytes
  uint32_t length = 0;
  uint32_t height = 0;
  uint32_t width = 0;
  uint32_t crc32c = 0;  // of the record's bytes
};
static_assert(sizeof(ImageRow) == 24);

}  // namespace dermatome::shard_format
