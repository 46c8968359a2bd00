#include "src/weights/text_weights.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>

#include "src/core/file.h"
#include "src/core/text.h"
#include "src/weights/safetensors.h"
#include "tests/model/tiny_bert.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using ::testing::HasSubstr;

// A BERT for masked words, as older versions of transformers wrote it.
NamedTensors old_tensors() {
  NamedTensors tensors;
  for (const auto& [name, tensor] : tiny_bert_tensors("mean_mlp")) {
    const std::string prefix = "weight.text.transformer.";
    if (!name.starts_with(prefix)) continue;
    std::string bare = name.substr(prefix.size());
    const size_t norm = bare.find("LayerNorm.");
    if (norm != std::string::npos) {
      bare =
          bare.substr(0, norm) + (bare.ends_with("weight") ? "LayerNorm.gamma" : "LayerNorm.beta");
    }
    tensors.emplace_back(text("bert.", bare), tensor);
  }
  tensors.emplace_back("bert.embeddings.position_ids", at::arange(18).unsqueeze(0));
  tensors.emplace_back("bert.pooler.dense.weight", at::ones({24, 24}));
  tensors.emplace_back("cls.predictions.bias", at::ones({61}));
  return tensors;
}

class TextWeightsTest : public ::testing::Test {
 protected:
  std::filesystem::path write(const NamedTensors& tensors) const {
    write_safetensors(folder_ / "model.safetensors", tensors);
    return folder_;
  }

  const std::filesystem::path folder_ = scratch_folder();
  Clip model_{tiny_bert_config("mean_mlp"), at::kCPU};
};

TEST_F(TextWeightsTest, OfABertWithHeadsAreThoseOfTheTower) {
  load_text_weights(model_, write(old_tensors()));
  const Clip expected = tiny_bert("mean_mlp");
  for (size_t i = 0; i < model_.parameters().size(); ++i) {
    const auto& [name, value] = model_.parameters()[i];
    const bool is_of_bert = name.starts_with("text.transformer.");
    EXPECT_EQ(at::equal(value, expected.parameters()[i].value),
              is_of_bert || !name.starts_with("text."))
        << name;
  }
}

TEST_F(TextWeightsTest, MayHaveNoPrefix) {
  NamedTensors tensors;
  for (const auto& [name, tensor] : old_tensors()) {
    if (name.starts_with("bert.")) tensors.emplace_back(name.substr(5), tensor);
  }
  load_text_weights(model_, write(tensors));
  EXPECT_FALSE(model_.text_parameters().back().eq(0).all().item<bool>());
}

TEST_F(TextWeightsTest, AreRefusedByTheTensorThatDoesNotFit) {
  NamedTensors tensors = old_tensors();
  tensors.emplace_back("bert.encoder.layer.2.output.dense.bias", at::ones({24}));
  EXPECT_THAT(error_of([&] { load_text_weights(model_, write(tensors)); }),
              HasSubstr("transformer.encoder.layer.2.output.dense.bias"));
  tensors = old_tensors();
  std::erase_if(tensors, [](const auto& each) {
    return each.first == "bert.embeddings.token_type_embeddings.weight";
  });
  EXPECT_THAT(error_of([&] { load_text_weights(model_, write(tensors)); }),
              HasSubstr("misses the tensor transformer.embeddings.token_type_embeddings.weight"));
  EXPECT_THAT(error_of([&] {
                load_text_weights(model_, write({{"a.weight", at::ones({2})}}));
              }),
              HasSubstr("holds no BERT"));
}

TEST_F(TextWeightsTest, AreRefusedForAnotherTower) {
  write(old_tensors());
  TextConfig other = model_.config().text;
  other.bert->dropout = 0;
  write_file_atomically(folder_ / "config.json", bert_numbers_json(other));
  EXPECT_EQ(error_of([&] { load_text_weights(model_, folder_); }), "");
  other.heads = 2;
  write_file_atomically(folder_ / "config.json", bert_numbers_json(other));
  EXPECT_THAT(error_of([&] { load_text_weights(model_, folder_); }),
              HasSubstr("describes another BERT"));
  ClipConfig causal;
  causal.vision = model_.config().vision;
  causal.text = {.context_length = 8, .vocab_size = 9, .width = 8, .heads = 1, .layers = 1};
  Clip clip(causal, at::kCPU);
  EXPECT_THAT(error_of([&] { load_text_weights(clip, folder_); }), HasSubstr("CLIP's own"));
}

}  // namespace
}  // namespace dermatome
