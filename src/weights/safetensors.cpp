#include "src/weights/safetensors.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <tuple>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/quoted.h"
#include "src/core/strict_json.h"
#include "src/core/text.h"
#include "src/weights/input_file.h"

namespace dermatome {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are little endian");

using nlohmann::json;

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the limit of the format's own implementation
constexpr uint64_t kHeaderAlignment = 8;
const char* const kMetadata = "__metadata__";

const std::vector<std::pair<std::string, at::ScalarType>> kTypes = {
    {"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf},  {"BF16", at::kBFloat16},
    {"I64", at::kLong},   {"I32", at::kInt},   {"I16", at::kShort}, {"I8", at::kChar},
    {"U16", at::kUInt16}, {"U8", at::kByte},   {"BOOL", at::kBool}};

std::optional<at::ScalarType> type_of_name(const std::string& name) {
  for (const auto& [known, type] : kTypes) {
    if (known == name) return type;
  }
  return std::nullopt;
}

std::string name_of_type(at::ScalarType type) {
  for (const auto& [name, known] : kTypes) {
    if (known == type) return name;
  }
  throw InternalError(text("internal error: safetensors has no type for ", at::toString(type)));
}

// Where one tensor lies in the data section.
struct Entry {
  std::string name;
  at::ScalarType type;
  std::vector<int64_t> shape;
  uint64_t begin;
  uint64_t end;
};

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : file_(path) {}

  std::map<std::string, at::Tensor> read() {
    std::vector<Entry> entries = parse_header(read_header());
    check_layout(entries);
    std::map<std::string, at::Tensor> tensors;
    for (const Entry& entry : entries) tensors.emplace(entry.name, read_tensor(entry));
    return tensors;
  }

 private:
  [[noreturn]] void fail(const std::string& name, const std::string& what) const {
    file_.fail(text("tensor ", quoted(name), " ", what));
  }

  std::string read_header() {
    uint64_t length = 0;
    if (file_.size() < sizeof(length)) {
      file_.fail(text("too short for a safetensors file: ", file_.size(), " bytes"));
    }
    file_.read(0, &length, sizeof(length));
    if (length > kMaxHeaderBytes || length > file_.size() - sizeof(length)) {
      file_.fail(text("not a safetensors file, or cut off: its header claims ", length,
                      " of the file's ", file_.size(), " bytes"));
    }
    std::string header(length, '\0');
    file_.read(sizeof(length), header.data(), length);
    data_begin_ = sizeof(length) + length;
    return header;
  }

  std::vector<Entry> parse_header(const std::string& header) const {
    if (header.empty() || header.front() != '{') file_.fail("its header is not a JSON object");
    const json document = parse_json(header, file_.path().string());
    std::vector<Entry> entries;
    for (const auto& [name, value] : document.items()) {
      if (name == kMetadata) {
        check_metadata(value);
      } else {
        entries.push_back(parse_entry(name, value));
      }
    }
    return entries;
  }

  void check_metadata(const json& metadata) const {
    const bool good =
        metadata.is_object() && std::all_of(metadata.begin(), metadata.end(),
                                            [](const json& value) { return value.is_string(); });
    if (!good) file_.fail("its __metadata__ is not a map from strings to strings");
  }

  Entry parse_entry(const std::string& name, const json& value) const {
    JsonObject object(file_.path().string(), "tensor " + quoted(name), value);
    const auto dtype = object.get<std::string>("dtype");
    const auto shape = object.get<std::vector<uint64_t>>("shape");
    const auto offsets = object.get<std::vector<uint64_t>>("data_offsets");
    object.finish();
    const auto type = type_of_name(dtype);
    if (!type) object.fail("dtype", "is unknown");
    if (offsets.size() != 2) object.fail("data_offsets", "must be two numbers");
    Entry entry{.name = name, .type = *type, .shape = {}, .begin = offsets[0], .end = offsets[1]};
    uint64_t bytes = c10::elementSize(*type);
    for (const uint64_t size : shape) {
      if (size > INT64_MAX || __builtin_mul_overflow(bytes, size, &bytes)) {
        object.fail("shape", "is impossible");
      }
      entry.shape.push_back(static_cast<int64_t>(size));
    }
    if (entry.begin > entry.end || entry.end - entry.begin != bytes) {
      object.fail("data_offsets", text("do not span the ", bytes, " bytes that it needs"));
    }
    return entry;
  }

  // Sorts `entries` by place; together they must cover the data section exactly.
  void check_layout(std::vector<Entry>& entries) const {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
    });
    uint64_t end = 0;
    for (const Entry& entry : entries) {
      if (entry.begin != end) {
        fail(entry.name, text("begins at byte ", entry.begin, " of the data, where byte ", end,
                              " is next: tensors overlap or leave a gap"));
      }
      end = entry.end;
    }
    if (end != file_.size() - data_begin_) {
      file_.fail(text("its tensors need ", end, " bytes, but it holds ", file_.size() - data_begin_,
                      ": cut off or damaged"));
    }
  }

  at::Tensor read_tensor(const Entry& entry) {
    at::Tensor tensor = at::empty(entry.shape, at::TensorOptions(entry.type));
    if (entry.begin == entry.end) return tensor;
    file_.read(data_begin_ + entry.begin, tensor.data_ptr(), entry.end - entry.begin);
    if (entry.type == at::kBool) {
      const auto* bytes = static_cast<const uint8_t*>(tensor.data_ptr());
      if (std::any_of(bytes, bytes + tensor.numel(), [](uint8_t byte) { return byte > 1; })) {
        fail(entry.name, "is BOOL, but holds bytes other than 0 and 1");
      }
    }
    return tensor;
  }

  InputFile file_;
  uint64_t data_begin_ = 0;
};

}  // namespace

std::map<std::string, at::Tensor> read_safetensors(const std::filesystem::path& path) {
  return Reader(path).read();
}

void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const SafetensorsMetadata& metadata) {
  NamedTensors ordered = tensors;
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
    return a.second.element_size() > b.second.element_size();
  });
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  uint64_t offset = 0;
  for (const auto& [name, tensor] : ordered) {
    require(name != kMetadata && !header.contains(name), "two tensors named " + name);
    const uint64_t end = offset + tensor.nbytes();
    header[name] = {{"dtype", name_of_type(tensor.scalar_type())},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string header_text = header.dump();
  header_text.resize(
      (header_text.size() + kHeaderAlignment - 1) / kHeaderAlignment * kHeaderAlignment, ' ');
  write_stream_atomically(path, [&](std::ostream& stream) {
    const uint64_t length = header_text.size();
    stream.write(reinterpret_cast<const char*>(&length), sizeof(length));
    stream << header_text;
    for (const auto& [name, tensor] : ordered) {
      const at::Tensor data = tensor.detach().cpu().contiguous();
      stream.write(static_cast<const char*>(data.const_data_ptr()),
                   static_cast<std::streamsize>(data.nbytes()));
    }
  });
}

}  // namespace dermatome
