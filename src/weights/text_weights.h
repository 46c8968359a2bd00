// The weights of a text tower alone.
#pragma once

#include <filesystem>

#include "src/model/clip.h"

namespace dermatome {

// Copies the weights of a BERT of transformers, a directory or a file, into the text tower of
// `model`, except its projection, which no BERT has. BERT's pooler is left out where the model does
// not use it. Throws ConfigError if the tower is no BERT, or one with other numbers than the
// directory's config.json; DataError naming the file for what cannot be read, and the first
// missing, unexpected or misshapen tensor.
void load_text_weights(Clip& model, const std::filesystem::path& path);

}  // namespace dermatome
