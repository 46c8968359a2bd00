#include "src/weights/text_model_files.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/quoted.h"
#include "src/core/text.h"
#include "src/text/read_tokenizer.h"
#include "src/weights/architectures.h"
#include "src/weights/description.h"
#include "src/weights/hugging_face_cache.h"

namespace dermatome {
namespace {

namespace fs = std::filesystem;

// Where the files of the model `name` may be.
std::vector<fs::path> folders_of(const std::string& name, const fs::path& beside,
                                 const fs::path& architectures) {
  std::vector<fs::path> folders = {beside};
  if (name.empty()) return folders;
  folders.insert(folders.end(), {beside / fs::path(name).filename(), beside / name, name});
  if (const auto cached = cached_model(name)) folders.push_back(*cached);
  if (!architectures.empty()) folders.push_back(architectures / name);
  return folders;
}

std::optional<fs::path> find_numbers(const std::vector<fs::path>& folders) {
  for (const fs::path& folder : folders) {
    const fs::path file = folder / kTransformersConfig;
    if (is_of_transformers(file)) return file;
  }
  return std::nullopt;
}

fs::path find_vocabulary(const std::vector<fs::path>& folders) {
  for (const fs::path& folder : folders) {
    for (const char* file : {"tokenizer.json", "vocab.txt"}) {
      if (fs::is_regular_file(folder / file)) return folder;
    }
  }
  return {};
}

// What to do about files of the model `name`.
std::string how_to_get(const std::string& name) {
  const std::string arguments = text("download ", name, R"( --include "*.json" vocab.txt)");
  return text("Dermatome downloads nothing itself. With a network connection run: hf ", arguments,
              " (with older versions: huggingface-cli ", arguments,
              "), or copy the files beside the configuration");
}

}  // namespace

void find_text_model_files(ClipConfig& config, const fs::path& description,
                           const fs::path& program) {
  if (!config.text.bert) return;
  BertConfig& bert = *config.text.bert;
  const fs::path beside = description.parent_path();
  const fs::path architectures = architectures_folder(program);
  const auto numbers = find_numbers(folders_of(bert.model_name, beside, architectures));
  if (!numbers) {
    throw DataError(text(description, ": text_cfg.hf_model_name is ",
                         dermatome::quoted(bert.model_name), ", whose ", kTransformersConfig,
                         " lies neither beside it nor in Hugging ", "Face's cache. ",
                         how_to_get(bert.model_name)));
  }
  read_bert_numbers(*numbers, config.text);
  bert.vocabulary = find_vocabulary(folders_of(bert.tokenizer_name, beside, architectures));
}

std::unique_ptr<const Tokenizer> model_tokenizer(const ClipConfig& config) {
  if (!config.text.bert) return read_tokenizer("");
  const BertConfig& bert = *config.text.bert;
  if (bert.vocabulary.empty()) {
    throw DataError(text("the tokenizer ", dermatome::quoted(bert.tokenizer_name),
                         " of the model lies neither beside its configuration nor in Hugging "
                         "Face's cache. ",
                         how_to_get(bert.tokenizer_name)));
  }
  return read_tokenizer(bert.vocabulary);
}

}  // namespace dermatome
