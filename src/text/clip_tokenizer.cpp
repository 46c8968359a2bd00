#include "src/text/clip_tokenizer.h"

#include "src/core/error.h"
#include "src/core/hash.h"
#include "src/text/byte_pairs.h"
#include "src/text/clean_text.h"
#include "src/text/pieces.h"
#include "src/text/unicode.h"
#include "src/text/vocabulary.h"

namespace dermatome {

namespace {

// Raise the last number with every change of the cleaning that changes the ids of any text.
constexpr std::string_view kCleaningVersion = "ftfy 6.3.1, html.unescape twice, lower; 1";

std::string hash_of(std::string_view vocabulary) {
  Sha256 hash;
  hash.update(vocabulary);
  hash.update(kCleaningVersion);
  return hash.finish();
}

}  // namespace

struct ClipTokenizer::Tables {
  explicit Tables(std::string_view vocabulary)
      : byte_pairs(vocabulary), hash(hash_of(vocabulary)) {}

  BytePairs byte_pairs;
  std::string hash;
};

ClipTokenizer::ClipTokenizer() : tables_(std::make_unique<const Tables>(read_vocabulary())) {}

ClipTokenizer::~ClipTokenizer() = default;

std::vector<int32_t> ClipTokenizer::encode(std::string_view text, int64_t context_length) const {
  require(context_length >= 1, "a context holds at least one token");
  const std::u32string cleaned = lower(clean_text(text));
  std::vector<int32_t> ids{start_of_text()};
  for (const std::u32string_view piece : split_pieces(cleaned)) {
    if (piece == kStartOfText) {
      ids.push_back(start_of_text());
    } else if (piece == kEndOfText) {
      ids.push_back(end_of_text());
    } else {
      tables_->byte_pairs.encode(encode_utf8(piece), ids);
    }
  }
  ids.push_back(end_of_text());
  if (ids.size() > static_cast<size_t>(context_length)) {
    ids.resize(static_cast<size_t>(context_length));
    ids.back() = end_of_text();
  }
  return ids;
}

const std::string& ClipTokenizer::hash() const { return tables_->hash; }

}  // namespace dermatome
