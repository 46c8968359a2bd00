#include "src/weights/safetensors.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <tuple>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/quoted.h"

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
  throw InternalError(std::string("internal error: safetensors has no type for ") +
                      at::toString(type));
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
  explicit Reader(const std::filesystem::path& path)
      : path_(path), stream_(path, std::ios::binary) {
    if (!stream_) fail("cannot be opened: " + std::string(std::strerror(errno)));
    stream_.seekg(0, std::ios::end);
    const std::streamoff size = stream_.tellg();
    if (size < 0) fail("cannot be read: it is not a regular file");
    file_bytes_ = static_cast<uint64_t>(size);
  }

  std::map<std::string, at::Tensor> read() {
    std::vector<Entry> entries = parse_header(read_header());
    check_layout(entries);
    std::map<std::string, at::Tensor> tensors;
    for (const Entry& entry : entries) tensors.emplace(entry.name, read_tensor(entry));
    return tensors;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(path_.string() + ": " + what);
  }

  [[noreturn]] void fail(const std::string& name, const std::string& what) const {
    fail("tensor " + quoted(name) + " " + what);
  }

  void read_bytes(uint64_t offset, void* out, uint64_t bytes) {
    stream_.seekg(static_cast<std::streamoff>(offset));
    stream_.read(static_cast<char*>(out), static_cast<std::streamsize>(bytes));
    if (!stream_) fail("cannot be read at byte " + std::to_string(offset));
  }

  std::string read_header() {
    uint64_t length = 0;
    if (file_bytes_ < sizeof(length)) {
      fail("too short for a safetensors file: " + std::to_string(file_bytes_) + " bytes");
    }
    read_bytes(0, &length, sizeof(length));
    if (length > kMaxHeaderBytes || length > file_bytes_ - sizeof(length)) {
      fail("not a safetensors file, or cut off: its header claims " + std::to_string(length) +
           " of the file's " + std::to_string(file_bytes_) + " bytes");
    }
    std::string header(length, '\0');
    read_bytes(sizeof(length), header.data(), length);
    data_begin_ = sizeof(length) + length;
    return header;
  }

  std::vector<Entry> parse_header(const std::string& header) const {
    if (header.empty() || header.front() != '{') fail("its header is not a JSON object");
    std::set<std::string> names;
    std::string twice;
    const auto note_names = [&](int depth, json::parse_event_t event, const json& parsed) {
      if (event == json::parse_event_t::key && depth == 1 &&
          !names.insert(parsed.get<std::string>()).second) {
        twice = parsed.get<std::string>();
      }
      return true;
    };
    json document;
    try {
      document = json::parse(header, note_names);
    } catch (const json::exception& error) {
      fail(std::string("its header is not valid JSON: ") + error.what());
    }
    if (!twice.empty()) fail(twice, "is listed twice");
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
    if (!good) fail("its __metadata__ is not a map from strings to strings");
  }

  Entry parse_entry(const std::string& name, const json& value) const {
    const auto is_size = [](const json& number) { return number.is_number_unsigned(); };
    const auto are_sizes = [&](const json& list) {
      return list.is_array() && std::all_of(list.begin(), list.end(), is_size);
    };
    if (!value.is_object() || value.size() != 3 || !value.contains("dtype") ||
        !value.contains("shape") || !value.contains("data_offsets")) {
      fail(name, "must have dtype, shape and data_offsets, and nothing else");
    }
    const json& dtype = value.at("dtype");
    const auto type = dtype.is_string() ? type_of_name(dtype.get<std::string>()) : std::nullopt;
    if (!type) fail(name, "has the unknown dtype " + dtype.dump());
    const json& shape = value.at("shape");
    if (!are_sizes(shape)) fail(name, "has the impossible shape " + shape.dump());
    const json& offsets = value.at("data_offsets");
    if (!are_sizes(offsets) || offsets.size() != 2) {
      fail(name, "has the impossible data_offsets " + offsets.dump());
    }
    Entry entry{.name = name,
                .type = *type,
                .shape = {},
                .begin = offsets[0].get<uint64_t>(),
                .end = offsets[1].get<uint64_t>()};
    uint64_t bytes = c10::elementSize(*type);
    for (const json& extent : shape) {
      const auto size = extent.get<uint64_t>();
      if (size > INT64_MAX || __builtin_mul_overflow(bytes, size, &bytes)) {
        fail(name, "has the impossible shape " + shape.dump());
      }
      entry.shape.push_back(static_cast<int64_t>(size));
    }
    if (entry.begin > entry.end || entry.end - entry.begin != bytes) {
      fail(name,
           "needs " + std::to_string(bytes) + " bytes, but its data_offsets are " + offsets.dump());
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
        fail(entry.name, "begins at byte " + std::to_string(entry.begin) +
                             " of the data, where byte " + std::to_string(end) +
                             " is next: tensors overlap or leave a gap");
      }
      end = entry.end;
    }
    if (end != file_bytes_ - data_begin_) {
      fail("its tensors need " + std::to_string(end) + " bytes, but it holds " +
           std::to_string(file_bytes_ - data_begin_) + ": cut off or damaged");
    }
  }

  at::Tensor read_tensor(const Entry& entry) {
    at::Tensor tensor = at::empty(entry.shape, at::TensorOptions(entry.type));
    if (entry.begin == entry.end) return tensor;
    read_bytes(data_begin_ + entry.begin, tensor.data_ptr(), entry.end - entry.begin);
    if (entry.type == at::kBool) {
      const auto* bytes = static_cast<const uint8_t*>(tensor.data_ptr());
      if (std::any_of(bytes, bytes + tensor.numel(), [](uint8_t byte) { return byte > 1; })) {
        fail(entry.name, "is BOOL, but holds bytes other than 0 and 1");
      }
    }
    return tensor;
  }

  std::filesystem::path path_;
  std::ifstream stream_;
  uint64_t file_bytes_ = 0;
  uint64_t data_begin_ = 0;
};

}  // namespace

std::map<std::string, at::Tensor> read_safetensors(const std::filesystem::path& path) {
  return Reader(path).read();
}

void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors) {
  NamedTensors ordered = tensors;
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
    return a.second.element_size() > b.second.element_size();
  });
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  uint64_t offset = 0;
  for (const auto& [name, tensor] : ordered) {
    require(name != kMetadata && !header.contains(name), "two tensors named " + name);
    const uint64_t end = offset + tensor.nbytes();
    header[name] = {{"dtype", name_of_type(tensor.scalar_type())},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + kHeaderAlignment - 1) / kHeaderAlignment * kHeaderAlignment, ' ');

  replace_atomically(path, [&](const std::filesystem::path& temporary) {
    std::ofstream stream(temporary, std::ios::binary | std::ios::trunc);
    const uint64_t length = text.size();
    stream.write(reinterpret_cast<const char*>(&length), sizeof(length));
    stream.write(text.data(), static_cast<std::streamsize>(text.size()));
    for (const auto& [name, tensor] : ordered) {
      const at::Tensor data = tensor.detach().cpu().contiguous();
      stream.write(static_cast<const char*>(data.const_data_ptr()),
                   static_cast<std::streamsize>(data.nbytes()));
    }
    stream.close();
    if (!stream) {
      throw DataError(path.string() + ": cannot be written: " + std::strerror(errno));
    }
  });
}

}  // namespace dermatome
