#include "src/model/packed_texts.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <set>
#include <vector>

namespace dermatome {
namespace {

using testing::ElementsAre;
using Texts = std::vector<std::vector<int64_t>>;

constexpr int64_t kPad = 77;

struct Tensors {
  at::Tensor tokens, lengths;
};

Tensors to_tensors(const Texts& texts, int64_t columns, int64_t behind_the_end) {
  const auto count = static_cast<int64_t>(texts.size());
  at::Tensor tokens = at::full({count, columns}, behind_the_end, at::kLong);
  at::Tensor lengths = at::empty({count}, at::kLong);
  for (int64_t i = 0; i < count; ++i) {
    const std::vector<int64_t>& text = texts[static_cast<size_t>(i)];
    lengths[i] = static_cast<int64_t>(text.size());
    tokens[i].slice(0, 0, lengths[i].item<int64_t>()).copy_(at::tensor(text));
  }
  return {tokens, lengths};
}

PackedTexts pack(const Texts& texts, int64_t columns, int64_t behind_the_end = 0) {
  const auto [tokens, lengths] = to_tensors(texts, columns, behind_the_end);
  return pack_texts(tokens, lengths, at::kCPU);
}

PackedTexts pack_whole(const Texts& texts, int64_t columns) {
  const auto [tokens, lengths] = to_tensors(texts, columns, kPad);
  return pack_whole_texts(tokens, lengths, kPad, at::kCPU);
}

std::vector<int64_t> values(const at::Tensor& tensor) {
  return {tensor.const_data_ptr<int64_t>(), tensor.const_data_ptr<int64_t>() + tensor.numel()};
}

// For every sequence, the tokens that its read position attends to.
Texts sequences(const PackedTexts& packed) {
  const AttentionLayout& layout = *packed.layout;
  const std::vector<int64_t> rows = values(layout.rows), tokens = values(packed.token);
  Texts result;
  size_t position = 0;
  for (const AttentionLayout::Group& group : layout.groups) {
    const std::vector<int64_t> seen = values(group.read_mask->sum({1, 2, 3}));
    for (int64_t s = 0; s < group.sequences; ++s, position += group.length) {
      std::vector<int64_t>& text = result.emplace_back();
      for (int64_t i = 0; i < seen[static_cast<size_t>(s)]; ++i) {
        text.push_back(tokens[static_cast<size_t>(rows[position + static_cast<size_t>(i)])]);
      }
    }
  }
  return result;
}

TEST(PackedTexts, HaveARowForEveryDistinctBeginning) {
  const PackedTexts packed = pack({{1, 5, 6, 9}, {1, 5, 7, 9}, {1, 8, 9}}, 4);
  // The beginnings are 1, 1 5, 1 5 6, 1 5 6 9, 1 5 7, 1 5 7 9, 1 8, 1 8 9.
  EXPECT_THAT(values(packed.token), ElementsAre(1, 5, 6, 9, 7, 9, 8, 9));
  EXPECT_THAT(values(packed.place), ElementsAre(0, 1, 2, 3, 2, 3, 1, 2));
}

TEST(PackedTexts, DoNotShareEqualTokensAfterDifferentBeginnings) {
  const PackedTexts packed = pack({{1, 5, 6, 9}, {1, 7, 6, 9}}, 4);
  EXPECT_EQ(packed.token.numel(), 7);
}

TEST(PackedTexts, ReadEveryTextAtItsLastTokenInTheOrderGiven) {
  Texts texts;
  for (int64_t i = 0; i < 60; ++i) {
    std::vector<int64_t> text = {1, i % 3 + 2};
    for (int64_t k = 0; k < i * 7 % 31; ++k) text.push_back(k % 4 + 10);
    text.push_back(100 + i);
    texts.push_back(text);
  }
  const PackedTexts packed = pack(texts, 40);
  ASSERT_GT(packed.layout->groups.size(), 1);
  const Texts found = sequences(packed);
  const std::vector<int64_t> order = values(packed.order), read = values(packed.layout->read);
  const std::vector<int64_t> tokens = values(packed.token), places = values(packed.place);
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto at = static_cast<size_t>(order[i]);
    EXPECT_EQ(found[at], texts[i]);
    EXPECT_EQ(tokens[static_cast<size_t>(read[at])], texts[i].back());
    EXPECT_EQ(places[static_cast<size_t>(read[at])] + 1, std::ssize(texts[i]));
  }
}

TEST(PackedTexts, TakeARowsResultFromAPositionThatHoldsIt) {
  const PackedTexts packed = pack({{1, 5, 6, 9}, {1, 5, 7, 9}, {1, 8, 9}, {1, 9}}, 4);
  const std::vector<int64_t> rows = values(packed.layout->rows);
  const std::vector<int64_t> positions = values(packed.layout->positions);
  ASSERT_EQ(std::ssize(positions), packed.token.numel());
  const std::vector<int64_t> places = values(packed.place);
  for (size_t row = 0; row < positions.size(); ++row) {
    const auto position = static_cast<size_t>(positions[row]);
    EXPECT_EQ(rows[position], static_cast<int64_t>(row));
    // A sequence has four columns; only at its own place does a row see the tokens before it.
    EXPECT_EQ(static_cast<int64_t>(position % 4), places[row]);
  }
}

TEST(PackedTexts, IgnoreTokensAfterTheEnd) {
  const Texts texts = {{1, 5, 9}, {1, 5, 6, 9}, {1, 9}};
  const PackedTexts clean = pack(texts, 6), dirty = pack(texts, 6, /*behind_the_end=*/77);
  EXPECT_TRUE(at::equal(clean.token, dirty.token));
  EXPECT_TRUE(at::equal(clean.layout->rows, dirty.layout->rows));
}

TEST(PackedTexts, HaveARowForEveryTokenOfWholeTexts) {
  const PackedTexts packed = pack_whole({{1, 5, 6, 9}, {1, 5}, {1, 5, 6, 9}}, 6);
  EXPECT_THAT(values(packed.token), ElementsAre(1, 5, 6, 9, 1, 5, 1, 5, 6, 9));
  EXPECT_THAT(values(packed.place), ElementsAre(0, 1, 2, 3, 0, 1, 0, 1, 2, 3));
  EXPECT_THAT(values(packed.text), ElementsAre(0, 0, 0, 0, 1, 1, 2, 2, 2, 2));
  EXPECT_FALSE(packed.layout->causal);
}

TEST(PackedTexts, LeavePaddingInTheMidstOfWholeTextsOut) {
  const PackedTexts packed = pack_whole({{1, kPad, 6, kPad}, {kPad, 5}}, 4);
  EXPECT_THAT(values(packed.token), ElementsAre(1, 6, kPad, 5)) << "a text keeps its first token";
  EXPECT_THAT(values(packed.place), ElementsAre(0, 2, 0, 1));
  EXPECT_THAT(sequences(packed),
              testing::UnorderedElementsAre(ElementsAre(1, 6), ElementsAre(kPad, 5)));
}

TEST(PackedTexts, ReadWholeTextsAtTheirFirstTokenInTheOrderGiven) {
  Texts texts;
  for (int64_t i = 0; i < 60; ++i) {
    std::vector<int64_t> text = {100 + i};
    for (int64_t k = 0; k < i * 7 % 31; ++k) text.push_back(k % 4 + 10);
    texts.push_back(text);
  }
  const PackedTexts packed = pack_whole(texts, 40);
  ASSERT_GT(packed.layout->groups.size(), 1);
  const Texts found = sequences(packed);
  const std::vector<int64_t> order = values(packed.order), read = values(packed.layout->read);
  const std::vector<int64_t> rows = values(packed.layout->rows), tokens = values(packed.token);
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto at = static_cast<size_t>(order[i]);
    EXPECT_EQ(found[at], texts[i]);
    EXPECT_EQ(tokens[static_cast<size_t>(read[at])], texts[i].front());
  }
  const std::vector<int64_t> positions = values(packed.layout->positions);
  ASSERT_EQ(positions.size(), tokens.size());
  for (size_t row = 0; row < positions.size(); ++row) {
    EXPECT_EQ(rows[static_cast<size_t>(positions[row])], static_cast<int64_t>(row));
  }
}

TEST(PackedTexts, AcceptATextThatBeginsAnotherAndATextTwice) {
  const Texts texts = {{1, 5, 6}, {1, 5}, {1, 5, 6}};
  const PackedTexts packed = pack(texts, 3);
  EXPECT_EQ(packed.token.numel(), 3);
  const Texts found = sequences(packed);
  const std::vector<int64_t> order = values(packed.order);
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(found[static_cast<size_t>(order[i])], texts[i]);
  }
}

}  // namespace
}  // namespace dermatome
