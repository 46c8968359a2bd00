#include "src/weights/weight_files.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/quoted.h"
#include "src/core/strict_json.h"
#include "src/core/text.h"
#include "src/weights/foreign/torch_archive.h"
#include "src/weights/hub.h"
#include "src/weights/safetensors.h"
#include "src/weights/tensor_names.h"

namespace dermatome {
namespace {

namespace fs = std::filesystem;
using TensorMap = std::map<std::string, at::Tensor>;

const char* const kOldWeightsFile = "open_clip_pytorch_model.bin";
const char* const kAdapterConfig = "adapter_config.json";
constexpr std::string_view kIndexEnding = ".index.json";
constexpr std::array kNamesOfTransformers = {"model.safetensors", "model.safetensors.index.json",
                                             "pytorch_model.bin", "pytorch_model.bin.index.json"};
constexpr std::string_view kZip("PK\x03\x04", 4);
constexpr std::string_view kOldTorch("\x80\x02", 2);  // torch.save() before 1.6, or plain pickle

std::string first_bytes(const fs::path& file) {
  std::array<char, 4> bytes{};
  std::ifstream stream(file, std::ios::binary);
  stream.read(bytes.data(), bytes.size());
  return {bytes.data(), static_cast<size_t>(stream.gcount())};
}

TensorMap read_whole(const fs::path& file) {
  const std::string start = first_bytes(file);
  if (start == kZip) return read_torch_archive(file);
  if (start.starts_with(kOldTorch)) {
    throw DataError(text(file, ": is a bare pickle, as PyTorch before 1.6 wrote; if you trust it, ",
                         "load it in Python and save the state dict again with torch.save"));
  }
  return read_safetensors(file);
}

// The parts that the index `file` names, by the names of the tensors in them.
std::map<std::string, std::set<std::string>> parts_of(const fs::path& file) {
  const nlohmann::json document = parse_json(read_file(file), file.string());
  JsonObject index(file.string(), "", document);
  const nlohmann::json& places = index.find("weight_map");
  if (!places.is_object()) index.fail("weight_map", "must give the file of every tensor");
  std::map<std::string, std::set<std::string>> parts;
  for (const auto& [name, part] : places.items()) {
    const std::string part_name = part.is_string() ? part.get<std::string>() : "";
    if (part_name.empty() || fs::path(part_name).filename() != part_name) {
      index.fail("weight_map", text("must name a file beside it for the tensor ", quoted(name)));
    }
    parts[part_name].insert(name);
  }
  return parts;
}

TensorMap read_parts(const fs::path& index) {
  TensorMap all;
  for (const auto& [part, names] : parts_of(index)) {
    TensorMap tensors = read_whole(index.parent_path() / part);
    for (const std::string& name : names) {
      auto node = tensors.extract(name);
      if (node.empty()) {
        throw DataError(text(index, ": the tensor ", quoted(name), " is not in ", part,
                             ", where it should be; get the files again"));
      }
      all.insert(std::move(node));
    }
  }
  return all;
}

}  // namespace

fs::path weights_file(const fs::path& path) {
  if (!fs::is_directory(path)) return path;
  for (const char* name : {kWeightsFile, kOldWeightsFile}) {
    if (fs::exists(path / name)) return path / name;
  }
  for (const char* name : kNamesOfTransformers) {
    if (fs::exists(path / name)) return path / name;
  }
  if (fs::exists(path / kAdapterConfig)) refuse_adapter(path / kAdapterConfig);
  throw DataError(
      text(path, ": holds neither ", kWeightsFile, " nor ", kOldWeightsFile, ", nor transformers' ",
           kNamesOfTransformers[0], " or ", kNamesOfTransformers[2],
           "; name a directory that holds one (of a run: RUN/checkpoints/step_...), or a file"));
}

bool is_name_of_transformers(const fs::path& file) {
  return std::ranges::find(kNamesOfTransformers, file.filename().string()) !=
         kNamesOfTransformers.end();
}

TensorMap read_tensors(const fs::path& file) {
  return file.string().ends_with(kIndexEnding) ? read_parts(file) : read_whole(file);
}

}  // namespace dermatome
