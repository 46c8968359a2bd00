// The card of an exported model: README.md with the front matter that Hugging Face reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "src/export/export_format.h"
#include "src/export/run_record.h"
#include "src/model/clip_config.h"

namespace dermatome {

struct CardFacts {
  std::string name;
  ExportFormat format = ExportFormat::kTransformers;
  ClipConfig config;
  std::string type;          // of the exported weights: fp32, fp16 or bf16
  std::string weights_hash;  // weights_hash() of the model before it was converted to `type`
  std::string base_model;    // Hugging Face's name of the model that this one is, or started from
  std::string license;       // Hugging Face's identifier; empty: the user must write it
  std::string version;       // of the Dermatome that exports
  std::optional<RunRecord> run;
};

// Throws ConfigError unless `license` is empty or has the form of Hugging Face's identifiers, such
// as cc-by-nc-4.0.
void check_license(const std::string& license);

// The text of README.md.
std::string model_card(const CardFacts& facts);

}  // namespace dermatome
