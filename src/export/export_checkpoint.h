// Exports a model for other programs: its weights in their layout, what describes them, and a card.
#pragma once

#include <c10/core/ScalarType.h>

#include <filesystem>
#include <string>

#include "src/export/export_format.h"
#include "src/weights/model_hints.h"

namespace dermatome {

struct ExportOptions {
  std::string checkpoint;  // for find_weights()
  ModelHints hints;
  ExportFormat format = ExportFormat::kTransformers;
  c10::ScalarType type = c10::ScalarType::Float;  // Float, Half or BFloat16
  std::filesystem::path output;                   // a directory that does not exist or is empty
  std::string license;  // Hugging Face's identifier; empty: the user must write it
  std::string version;  // of Dermatome
};

// Writes `output`, which is whole or absent also after a crash. Throws ConfigError for a directory
// that holds something, a model that the format cannot express, weights whose activation nothing
// says, and numbers that `type` cannot hold; DataError for weights that cannot be read or are not
// finite; and what find_weights() throws.
void export_checkpoint(const ExportOptions& options);

}  // namespace dermatome
