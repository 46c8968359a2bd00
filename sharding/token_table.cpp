#include "sharding/token_table.h"

#include <algorithm>
#include <limits>

#include "sharding/parallel.h"
#include "src/core/error.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

constexpr int64_t kMostIds = int64_t{std::numeric_limits<uint16_t>::max()} + 1;

}  // namespace

void check_vocabulary(const Tokenizer& tokenizer) {
  if (tokenizer.vocabulary_size() <= kMostIds) return;
  throw ConfigError(text("the tokenizer ", tokenizer.hash().substr(0, 12), " has ",
                         tokenizer.vocabulary_size(), " ids, but data sets hold at most ", kMostIds,
                         "; train a model with a smaller vocabulary"));
}

TokenTable tokenize(const std::vector<std::string_view>& texts, const Tokenizer& tokenizer,
                    int64_t context_length, int num_threads) {
  check_vocabulary(tokenizer);
  std::vector<std::vector<int32_t>> ids(texts.size());
  parallel_for(std::ssize(texts), num_threads,
               [&](int64_t i) { ids[i] = tokenizer.encode(texts[i], context_length); });
  TokenTable table;
  for (const std::vector<int32_t>& list : ids) {
    table.ids.insert(table.ids.end(), list.begin(), list.end());
    table.bounds.push_back(table.ids.size());
  }
  return table;
}

TokenTable cut_texts(const TokenTable& table, int64_t context_length) {
  require(context_length >= 1, "a context holds at least one token");
  TokenTable result;
  for (int64_t i = 0; i < table.size(); ++i) {
    const auto ids = table[i];
    const size_t length = std::min(ids.size(), static_cast<size_t>(context_length));
    if (length > 0) {
      result.ids.insert(result.ids.end(), ids.begin(), ids.begin() + length - 1);
      result.ids.push_back(ids.back());
    }
    result.bounds.push_back(result.ids.size());
  }
  return result;
}

}  // namespace dermatome
