#include "src/text/cleaning_tokenizer.h"

#include <utility>

#include "src/core/hash.h"
#include "src/text/clean_text.h"
#include "src/text/unicode.h"

namespace dermatome {

namespace {

// Raise the last number with every change of the cleaning that changes the ids of any text.
constexpr std::string_view kCaseKeepingVersion = "ftfy 6.3.1, html.unescape twice; 1";

std::string hash_with_cleaning(const Tokenizer& tokenizer) {
  Sha256 hash;
  hash.update(tokenizer.hash());
  hash.update(kCaseKeepingVersion);
  return hash.finish();
}

}  // namespace

CleaningTokenizer::CleaningTokenizer(std::unique_ptr<const Tokenizer> inner)
    : inner_(std::move(inner)), hash_(hash_with_cleaning(*inner_)) {}

std::vector<int32_t> CleaningTokenizer::encode(std::string_view text,
                                               int64_t context_length) const {
  return inner_->encode(encode_utf8(clean_text(text)), context_length);
}

}  // namespace dermatome
