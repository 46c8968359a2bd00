#include "src/weights/text_model_files.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

#include "src/core/file.h"
#include "src/core/text.h"
#include "src/weights/description.h"
#include "src/weights/hub.h"
#include "src/weights/safetensors.h"
#include "src/weights/weights.h"
#include "tests/model/tiny_bert.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TextModelFilesTest : public ::testing::Test {
 protected:
  TextModelFilesTest() {
    ::setenv("HF_HUB_CACHE", (folder_ / "hub").c_str(), 1);
    config_.text.bert->model_name = "org/tiny";
    config_.text.bert->tokenizer_name = "org/words";
    fs::create_directories(folder_ / "model");
    write_file_atomically(description_, hub_config_json(config_));
  }
  ~TextModelFilesTest() override { ::unsetenv("HF_HUB_CACHE"); }

  void write_numbers(const fs::path& folder) const {
    fs::create_directories(folder);
    write_file_atomically(folder / "config.json", bert_numbers_json(config_.text));
  }
  static void write_vocabulary(const fs::path& folder) {
    fs::create_directories(folder);
    write_file_atomically(folder / "vocab.txt",
                          "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nred\n##dish\n");
  }

  const fs::path folder_ = scratch_folder();
  const fs::path description_ = folder_ / "model/open_clip_config.json";
  ClipConfig config_ = tiny_bert_config("cls_linear");
};

TEST_F(TextModelFilesTest, AreFoundInEveryPlace) {
  for (const auto& [of_numbers, of_vocabulary] : std::vector<std::pair<std::string, std::string>>{
           {"model", "model"},
           {"model/tiny", "model/words"},
           {"model/org/tiny", "model/org/words"},
           {"hub/models--org--tiny/snapshots/c0ffee", "hub/models--org--words/snapshots/c0ffee"}}) {
    write_numbers(folder_ / of_numbers);
    write_vocabulary(folder_ / of_vocabulary);
    const ClipConfig found = read_description(description_);
    EXPECT_EQ(config_identity(found), config_identity(config_)) << of_numbers;
    EXPECT_EQ(found.text.bert->vocabulary, folder_ / of_vocabulary);
    EXPECT_THAT(model_tokenizer(found)->encode("a reddish", 16), ElementsAre(2, 5, 6, 7, 3));
    fs::remove(folder_ / of_numbers / "config.json");
    fs::remove(folder_ / of_vocabulary / "vocab.txt");
  }
}

TEST_F(TextModelFilesTest, AreFoundInAFolderThatTheConfigurationNames) {
  config_.text.bert->model_name = config_.text.bert->tokenizer_name =
      (folder_ / "elsewhere").string();
  write_file_atomically(description_, hub_config_json(config_));
  write_numbers(folder_ / "elsewhere");
  write_vocabulary(folder_ / "elsewhere");
  EXPECT_EQ(model_tokenizer(read_description(description_))->vocabulary_size(), 8);
}

TEST_F(TextModelFilesTest, AreFoundAmongTheArchitecturesOfTheProgram) {
  write_numbers(folder_ / "configs/models/org/tiny");
  fs::create_directories(folder_ / "bin");
  write_file_atomically(folder_ / "bin/program", "");
  ClipConfig found = read_clip_config(description_);
  find_text_model_files(found, description_, folder_ / "bin/program");
  EXPECT_EQ(config_identity(found), config_identity(config_));
}

TEST_F(TextModelFilesTest, AreAskedForByTheCommandThatDownloadsThem) {
  EXPECT_THAT(error_of([&] { read_description(description_); }),
              AllOf(HasSubstr("model/open_clip_config.json"),
                    HasSubstr(R"(run: hf download org/tiny --include "*.json" vocab.txt)"),
                    HasSubstr("huggingface-cli download org/tiny")));
  write_numbers(folder_ / "model");
  const ClipConfig config = read_description(description_);
  EXPECT_THAT(error_of([&] { model_tokenizer(config); }), HasSubstr("hf download org/words "));
}

TEST_F(TextModelFilesTest, OfShippedModelsHoldTheNumbers) {
  const std::string models = DERMATOME_SOURCE_DIR "/configs/models/";
  for (const char* name :
       {"ViT-B-16-PubMedBERT-256", "BiomedCLIP", "DermLIP-PanDerm", "DermFM-Zero"}) {
    const ClipConfig config = read_description(text(models, name, ".json"));
    EXPECT_EQ(config.text.context_length, 256);
    int64_t num_of_text = 0;
    for (const at::Tensor& each : Clip(config, c10::kMeta).text_parameters()) {
      num_of_text += each.numel();
    }
    // BERT-base's without its pooler, and the projection's hidden layer.
    const int64_t hidden = (768 + config.embed_dim) / 2;
    EXPECT_EQ(num_of_text, 108'891'648 + hidden * (768 + config.embed_dim)) << name;
  }
}

TEST_F(TextModelFilesTest, ClipsOwnTowerNeedsNone) {
  EXPECT_EQ(model_tokenizer(ClipConfig{})->vocabulary_size(), 49408);
}

TEST_F(TextModelFilesTest, MakeACheckpointComplete) {
  write_numbers(folder_ / "model");
  write_vocabulary(folder_ / "model");
  const auto tokenizer = model_tokenizer(read_description(description_));
  const Clip written = tiny_bert("cls_linear");
  const fs::path checkpoint = folder_ / "checkpoint";
  fs::create_directories(checkpoint);
  write_hub(written, checkpoint, tokenizer.get());

  const Clip read = load_clip(checkpoint, at::kCPU);
  EXPECT_EQ(config_identity(read.config()), config_identity(written.config()));
  EXPECT_EQ(model_tokenizer(read.config())->hash(), tokenizer->hash());
  const at::Tensor tokens = at::tensor({2L, 5L, 6L, 3L}).view({1, 4}), lengths = at::tensor({4L});
  EXPECT_TRUE(at::equal(read.encode_text(tokens, lengths), written.encode_text(tokens, lengths)));
}

// open_clip leaves BERT's own pooler out where its hf_pooler_type does not use it.
TEST_F(TextModelFilesTest, APoolerThatIsNotUsedIsLeftOut) {
  Clip model(tiny_bert_config("mean_mlp"), at::kCPU);
  NamedTensors tensors;
  for (const NamedParameter& each : model.parameters()) tensors.emplace_back(each.name, each.value);
  tensors.emplace_back("text.transformer.pooler.dense.weight", at::ones({24, 24}));
  write_safetensors(folder_ / "with_pooler.safetensors", tensors);
  EXPECT_NO_THROW(load_weights(model, folder_ / "with_pooler.safetensors"));
  tensors.back().first = "text.transformer.extra.weight";
  write_safetensors(folder_ / "with_more.safetensors", tensors);
  EXPECT_THAT(error_of([&] { load_weights(model, folder_ / "with_more.safetensors"); }),
              HasSubstr("text.transformer.extra.weight"));
}

}  // namespace
}  // namespace dermatome
