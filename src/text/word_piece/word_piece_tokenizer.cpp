#include "src/text/word_piece/word_piece_tokenizer.h"

#include <algorithm>
#include <utility>

#include "src/core/error.h"
#include "src/core/hash.h"
#include "src/core/text.h"
#include "src/text/unicode.h"
#include "src/text/word_piece/word_piece_files.h"

namespace dermatome {

namespace {

// Raise the last number with every change of the rules that changes the ids of any text.
constexpr std::string_view kWordPieceVersion = "BERT's WordPiece, tokenizers 0.23; 1";

std::string hash_of(const WordPieceSource& source) {
  Sha256 hash;
  hash.update(kWordPieceVersion);
  const auto add = [&hash](int64_t number, const std::string& name) {
    hash.update(text('\n', number, ' ', name.size(), ' ', name));
  };
  for (const auto& [id, piece] : source.pieces) add(id, piece);
  for (const auto& [name, id] : source.special_tokens) add(id, name);
  for (const auto* name : {&source.start, &source.end, &source.unknown}) add(0, *name);
  for (const bool rule :
       {source.rules.lower_case, source.rules.strip_accents, source.rules.split_ideographs}) {
    add(rule ? 1 : 0, "");
  }
  add(static_cast<int64_t>(source.rules.longest_word), "");
  return hash.finish();
}

}  // namespace

WordPieceTokenizer::WordPieceTokenizer(const std::filesystem::path& path)
    : WordPieceTokenizer(read_word_piece(path)) {}

WordPieceTokenizer::WordPieceTokenizer(WordPieceSource source)
    : rules_(source.rules),
      start_(source.special_tokens.at(source.start)),
      end_(source.special_tokens.at(source.end)),
      unknown_(source.special_tokens.at(source.unknown)),
      hash_(hash_of(source)),
      files_(std::move(source.files)) {
  for (const auto& [id, piece] : source.pieces) {
    pieces_.add(piece, id);
    vocabulary_size_ = std::max<int64_t>(vocabulary_size_, id + 1);
  }
  for (const auto& [name, id] : source.special_tokens) {
    special_tokens_.push_back({name, id});
    if (special_first_bytes_.find(name.front()) == std::string::npos) {
      special_first_bytes_.push_back(name.front());
    }
    vocabulary_size_ = std::max<int64_t>(vocabulary_size_, id + 1);
  }
  std::ranges::stable_sort(special_tokens_, std::ranges::greater(),
                           [](const SpecialToken& token) { return token.name.size(); });
}

// The first special token; of those that begin at the same place, the longest.
WordPieceTokenizer::Place WordPieceTokenizer::find_special_token(std::string_view text) const {
  for (size_t i = text.find_first_of(special_first_bytes_); i != text.npos;
       i = text.find_first_of(special_first_bytes_, i + 1)) {
    for (const SpecialToken& token : special_tokens_) {
      if (text.substr(i).starts_with(token.name)) return {i, &token};
    }
  }
  return {text.size(), nullptr};
}

// Appends the ids of text without special tokens, at least until there are `max_ids` in all.
void WordPieceTokenizer::encode_plain(std::string_view text, size_t max_ids,
                                      std::vector<int32_t>& ids) const {
  const std::u32string cleaned = clean_for_bert(text, rules_);
  for (const std::u32string_view word : split_words(cleaned)) {
    if (ids.size() >= max_ids) return;
    if (word.size() > rules_.longest_word || !pieces_.encode(encode_utf8(word), ids)) {
      ids.push_back(unknown_);
    }
  }
}

std::vector<int32_t> WordPieceTokenizer::encode(std::string_view text,
                                                int64_t context_length) const {
  require(context_length >= 1, "a context holds at least one token");
  const auto max_ids = static_cast<size_t>(context_length);
  std::vector<int32_t> ids{start_};
  while (!text.empty() && ids.size() < max_ids) {
    const Place place = find_special_token(text);
    encode_plain(text.substr(0, place.begin), max_ids, ids);
    if (place.token == nullptr) break;
    ids.push_back(place.token->id);
    text.remove_prefix(place.begin + place.token->name.size());
  }
  ids.resize(std::min(ids.size(), max_ids - 1));
  ids.push_back(end_);
  return ids;
}

}  // namespace dermatome
