// The files of a text tower that open_clip's configuration only names: the config.json with its
// numbers, and the vocabulary of its tokenizer.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "src/model/clip_config.h"
#include "src/text/tokenizer.h"

namespace dermatome {

// Completes `config`, read from the file `description`, if its text tower needs further files. They
// are looked for beside `description`; in a folder there that is called as the model, with or
// without its organization; in a folder of this name; in Hugging Face's cache; and in the folder of
// `program`'s architectures (architectures.h). Throws DataError that says how to download a
// config.json that is nowhere, ConfigError for one that does not fit. A vocabulary may be missing
// until model_tokenizer().
void find_text_model_files(ClipConfig& config, const std::filesystem::path& description,
                           const std::filesystem::path& program = "/proc/self/exe");

// The tokenizer of the model's text tower. Throws DataError that says how to download a vocabulary
// that was found nowhere, or for one that cannot be read.
std::unique_ptr<const Tokenizer> model_tokenizer(const ClipConfig& config);

}  // namespace dermatome
