#include "src/export/model_card.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>

#include "src/core/error.h"
#include "src/core/joined.h"
#include "src/core/log.h"
#include "src/core/quoted.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

// What a format is called by those who load it.
struct Loader {
  const char* library;   // Hugging Face's library_name
  const char* pipeline;  // Hugging Face's pipeline_tag
  const char* example;   // in Python; FOLDER stands for the directory
};

const char* const kTransformersExample = R"(from PIL import Image
from transformers import CLIPModel, CLIPProcessor

model = CLIPModel.from_pretrained("FOLDER")
processor = CLIPProcessor.from_pretrained("FOLDER")
inputs = processor(text=["a photo of a nevus", "a photo of a melanoma"], images=Image.open("image.jpg"),
                   padding=True, truncation=True, return_tensors="pt")
outputs = model(**inputs)
cosines = outputs.image_embeds @ outputs.text_embeds.T
)";

const char* const kOpenClipExample = R"(import open_clip
from PIL import Image

model, preprocess = open_clip.create_model_from_pretrained("local-dir:FOLDER")  # or hf-hub:ORGANIZATION/NAME
tokenizer = open_clip.get_tokenizer("local-dir:FOLDER")
image = model.encode_image(preprocess(Image.open("image.jpg")).unsqueeze(0), normalize=True)
texts = model.encode_text(tokenizer(["a photo of a nevus", "a photo of a melanoma"]), normalize=True)
cosines = image @ texts.T
)";

const char* const kVisionExample = R"(from PIL import Image
from transformers import CLIPImageProcessor, CLIPVisionModelWithProjection

model = CLIPVisionModelWithProjection.from_pretrained("FOLDER")
processor = CLIPImageProcessor.from_pretrained("FOLDER")
features = model(**processor(Image.open("image.jpg"), return_tensors="pt")).image_embeds
features = features / features.norm(dim=-1, keepdim=True)
)";

const char* const kTextExample =
    R"(from transformers import CLIPTextModelWithProjection, CLIPTokenizer

model = CLIPTextModelWithProjection.from_pretrained("FOLDER")
tokenizer = CLIPTokenizer.from_pretrained("FOLDER")
texts = tokenizer(["a photo of a nevus"], padding=True, truncation=True, return_tensors="pt")
features = model(**texts).text_embeds
features = features / features.norm(dim=-1, keepdim=True)
)";

const Loader& loader(ExportFormat format) {
  static const std::map<ExportFormat, Loader> loaders = {
      {ExportFormat::kTransformers,
       {"transformers", "zero-shot-image-classification", kTransformersExample}},
      {ExportFormat::kOpenClip, {"open_clip", "zero-shot-image-classification", kOpenClipExample}},
      {ExportFormat::kVision, {"transformers", "image-feature-extraction", kVisionExample}},
      {ExportFormat::kText, {"transformers", "feature-extraction", kTextExample}}};
  return loaders.at(format);
}

// Text from files as a cell of a table.
std::string cell(std::string words) {
  std::ranges::replace(words, '\n', ' ');
  for (size_t bar = words.find('|'); bar != std::string::npos; bar = words.find('|', bar + 2)) {
    words.insert(bar, 1, '\\');
  }
  return words;
}

std::string row(const std::string& name, const std::string& value) {
  return text("| ", name, " | ", cell(value), " |\n");
}

std::string front_matter(const CardFacts& facts) {
  const Loader& loaded_by = loader(facts.format);
  const std::string license =
      facts.license.empty()
          ? "# Replace this line by the license of the weights, for example: license: cc-by-nc-4.0"
          : text("license: ", facts.license);
  const std::string base_model =
      facts.base_model.empty()
          ? ""
          : text("base_model: ", nlohmann::json(facts.base_model).dump(), "\n");
  return text("---\nlibrary_name: ", loaded_by.library, "\npipeline_tag: ", loaded_by.pipeline,
              "\ntags: [clip, dermatology, dermatome]\n", license, "\n", base_model, "---\n");
}

std::string introduction(const CardFacts& facts) {
  std::string towers = "CLIP's image tower and text tower";
  if (!has_text_tower(facts.format)) towers = "the image tower of a CLIP model";
  if (!has_image_tower(facts.format)) towers = "the text tower of a CLIP model";
  return text("\n# ", facts.name, "\n\nThis is ", towers, ", exported by Dermatome ", facts.version,
              " for ", loader(facts.format).library,
              ".\n\n**Not for diagnosis.** The model is for research. Its cosines and ranks are no "
              "probabilities, and no authority has approved it as a medical device.\n");
}

std::string image_tower(const VisionConfig& vision) {
  return text("vision transformer of ", vision.layers, " block(s), width ", vision.width, ", ",
              vision.heads(), " head(s); images of ", vision.image_size, " x ", vision.image_size,
              " pixels in patches of ", vision.patch_size, " x ", vision.patch_size);
}

std::string text_tower(const TextConfig& config) {
  return text("causal transformer of ", config.layers, " block(s), width ", config.width, ", ",
              config.heads, " head(s); at most ", config.context_length,
              " tokens of a vocabulary of ", config.vocab_size);
}

std::string preparation(const PreprocessConfig& preprocess) {
  return text(preprocess.resize_mode == "squash" ? "both sides resized to the model's"
                                                 : "shorter side resized, then the center cropped",
              ", ", preprocess.interpolation, "; mean ", joined(preprocess.mean),
              "; standard deviation ", joined(preprocess.std));
}

std::string model_section(const CardFacts& facts) {
  const ClipConfig& config = facts.config;
  std::string rows;
  if (has_image_tower(facts.format)) {
    rows += row("image tower", image_tower(config.vision));
    rows += row("preparation of images", preparation(config.preprocess));
  }
  if (has_text_tower(facts.format)) rows += row("text tower", text_tower(config.text));
  rows += row("features", text(config.embed_dim, " numbers"));
  rows += row("activation", config.quick_gelu ? "QuickGELU" : "GELU");
  rows += row("type of the weights", facts.type);
  rows +=
      row("SHA-256 of the whole model's weights, before they got this type", facts.weights_hash);
  return text("\n## Model\n\n| what | value |\n| --- | --- |\n", rows);
}

std::string use_section(const CardFacts& facts) {
  std::string section = text("\n## Use\n\n```python\n", loader(facts.format).example, "```\n");
  const bool is_open_clip = facts.format == ExportFormat::kOpenClip;
  if (has_image_tower(facts.format) && !is_open_clip) {
    section +=
        "\nThe image processor of transformers converts to RGB before it resizes, may crop one "
        "pixel beside open_clip's place, and with torchvision rounds in other places than Pillow. "
        "Features of one image may differ slightly from those that training and scores used. "
        "`backend=\"pil\"` comes nearest.\n";
  }
  if (has_text_tower(facts.format) && !is_open_clip) {
    section +=
        "\nThe tokenizer of transformers gives the same ids for plain text. It does not repair "
        "damaged text and HTML entities, as open_clip and Dermatome do with ftfy's rules: clean "
        "such text first.\n";
  }
  return section;
}

std::string training_section(const CardFacts& facts) {
  if (!facts.run) {
    return text(
        "\n## Training\n\nThe files that were exported do not say how the model was "
        "trained.\n");
  }
  const RunRecord& run = *facts.run;
  std::string rows = row(
      "step", run.planned_steps > 0 ? text(run.step, " of ", run.planned_steps) : text(run.step));
  if (!run.recipe.empty()) {
    rows += row("started from", run.start.empty() ? "random weights" : run.start);
  }
  if (!run.version.empty()) rows += row("trained by", text("Dermatome ", run.version));
  if (run.num_samples > 0) rows += row("training samples", text(run.num_samples));
  rows += row("SHA-256 of the training data's manifest", run.dataset_digest);
  std::string section = text("\n## Training\n\n| what | value |\n| --- | --- |\n", rows);
  if (!run.recipe.empty()) {
    section += text("\nSettings that define the result, as `dermatome config` explains them:\n\n",
                    "```yaml\n", settings_yaml(run.recipe), "```\n");
  }
  return section;
}

std::string score_row(const RecordedScore& score) {
  const std::string interval =
      score.interval ? format("%.4f to %.4f", score.interval->first, score.interval->second) : "";
  return text("| ", cell(score.benchmark), " | ", cell(score.metric), " | ",
              format("%.4f", score.value), " | ", interval, " | ",
              score.num_samples > 0 ? text(score.num_samples) : "", " | ", score.step, " | ",
              score.data.substr(0, 12), " | ", cell(score.leakage), " |\n");
}

std::string score_section(const CardFacts& facts) {
  if (!facts.run || facts.run->scores.empty()) {
    return "\n## Scores\n\nNo scores were recorded.\n";
  }
  std::string rows;
  for (const RecordedScore& score : facts.run->scores) rows += score_row(score);
  return text(
      "\n## Scores\n\nScores of the trained weights, before they got the type above. `step` is "
      "that of the weights that were scored, `data` the beginning of the SHA-256 of the "
      "benchmark's data, and `leakage` what a check for training images among them found.\n\n"
      "| benchmark | metric | score | 95 % interval | samples | step | data | leakage |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- |\n",
      rows);
}

}  // namespace

void check_license(const std::string& license) {
  const auto belongs = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c == '+';
  };
  if (std::ranges::all_of(license, belongs)) return;
  throw ConfigError(text("--license ", quoted(license),
                         " is no identifier of a license, such as cc-by-nc-4.0 or apache-2.0"));
}

std::string model_card(const CardFacts& facts) {
  return text(front_matter(facts), introduction(facts), model_section(facts), use_section(facts),
              training_section(facts), score_section(facts));
}

}  // namespace dermatome
