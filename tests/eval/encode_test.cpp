#include "src/eval/encode.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "src/config/model_options.h"
#include "src/core/error.h"
#include "src/text/clip_tokenizer.h"
#include "tests/eval/embedded_tokens.h"
#include "tests/eval/tiny_clip.h"

namespace dermatome {
namespace {

class EncodeTexts : public testing::Test {
 protected:
  EncodeTexts() : model_(tiny_config(/*text_layers=*/2), c10::kCPU) { model_.initialize(3); }

  at::Tensor encode(const std::vector<std::string>& texts, int64_t batch_size) const {
    return encode_texts(model_, tokenizer_, texts, batch_size, Precision::kFp32);
  }

  int64_t embedded_tokens(const std::vector<std::string>& texts, int64_t batch_size) const {
    const EmbeddedTokens tokens;
    encode(texts, batch_size);
    return tokens.count();
  }

  Clip model_;
  ClipTokenizer tokenizer_;
};

const std::string kShort = "a mole", kOtherShort = "a mark";
const std::string kLong =
    "an irregular plaque with a scaling border, many crusts and some erosions at its center";
const std::string kOtherLong =
    "pustules and papules on red skin of cheeks and nose, without comedones, in a middle-aged man";

TEST_F(EncodeTexts, GiveATextTheSameFeaturesInAnyBatch) {
  const std::vector<std::string> texts = {kLong,      kShort, "",          kLong, kOtherShort,
                                          kOtherLong, kShort, "vitiligo.", "",    kLong};
  std::vector<at::Tensor> alone;
  alone.reserve(texts.size());
  for (const std::string& text : texts) alone.push_back(encode({text}, 1));
  for (const int64_t batch_size : {1, 2, 3, 100}) {
    EXPECT_LE((encode(texts, batch_size) - at::cat(alone)).abs().max().item<double>(), 1e-6)
        << batch_size;
  }
}

TEST_F(EncodeTexts, GiveNoRowsForNoTexts) {
  EXPECT_EQ(encode({}, 4).sizes(), (std::vector<int64_t>{0, 16}));
}

TEST_F(EncodeTexts, NameTheTextWhoseFeaturesAreNotFinite) {
  // The embedding of one token is damaged. Texts without this token are encoded as before.
  const auto token = tokenizer_.encode("vitiligo").at(1);
  for (const NamedParameter& parameter : model_.parameters()) {
    if (parameter.name == "token_embedding.weight") parameter.value.detach()[token].fill_(NAN);
  }
  EXPECT_EQ(encode({kShort, kLong}, 2).size(0), 2);
  EXPECT_THAT(
      [&] {
        encode({kLong, kShort, "some vitiligo", kShort}, 2);
      },
      testing::ThrowsMessage<DataError>(testing::AllOf(testing::HasSubstr("\"some vitiligo\""),
                                                       testing::HasSubstr("not finite"))));
}

TEST_F(EncodeTexts, EncodeARepeatedTextOnce) {
  const int64_t once = embedded_tokens({kShort, kLong}, 1);
  EXPECT_GT(once, 0);
  EXPECT_EQ(embedded_tokens({kShort, kLong, kShort, kShort, kLong}, 1), once);
  // The second text has other characters but the same tokens.
  EXPECT_EQ(embedded_tokens({kShort, "  A  Mole ", kLong}, 1), once);
  const at::Tensor features = encode({kShort, kLong, "A mole", kShort}, 1);
  EXPECT_TRUE(features[0].equal(features[2]) && features[0].equal(features[3]));
}

TEST_F(EncodeTexts, EncodeTextsThatBeginAlikeTogether) {
  const int64_t pairs =
      embedded_tokens({kShort, kOtherShort}, 2) + embedded_tokens({kLong, kOtherLong}, 2);
  EXPECT_EQ(embedded_tokens({kLong, kShort, kOtherLong, kOtherShort}, 2), pairs);
  // Both begin with start-of-text and "a".
  EXPECT_EQ(embedded_tokens({kShort, kOtherShort}, 2),
            embedded_tokens({kShort, kOtherShort}, 1) - 2);
}

}  // namespace
}  // namespace dermatome
