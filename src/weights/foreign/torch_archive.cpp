#include "src/weights/foreign/torch_archive.h"

#include <ATen/ATen.h>

#include <optional>
#include <vector>

#include "src/core/quoted.h"
#include "src/core/text.h"
#include "src/weights/foreign/pickle.h"
#include "src/weights/foreign/zip_archive.h"

namespace dermatome {
namespace {

using Kind = Pickle::Kind;
using Value = Pickle::Value;

constexpr size_t kMaxDimensions = 8;
// Modules within modules may refer to each other, also in circles.
constexpr size_t kMaxModuleDepth = 64;
constexpr int64_t kMaxModules = 1 << 16;
constexpr int64_t kMaxAttributes = 1 << 18;  // visited; large archives have thousands
constexpr size_t kMaxNameBytes = 1 << 10;

const std::map<std::string, at::ScalarType> kStorageTypes = {
    {"torch.DoubleStorage", at::kDouble}, {"torch.FloatStorage", at::kFloat},
    {"torch.HalfStorage", at::kHalf},     {"torch.BFloat16Storage", at::kBFloat16},
    {"torch.LongStorage", at::kLong},     {"torch.IntStorage", at::kInt},
    {"torch.ShortStorage", at::kShort},   {"torch.CharStorage", at::kChar},
    {"torch.ByteStorage", at::kByte},     {"torch.BoolStorage", at::kBool}};

// The folder that holds all members: what stands before /data.pkl.
std::string find_root(const ZipArchive& zip) {
  const std::string pickle = "/data.pkl";
  std::optional<std::string> root;
  for (const auto& [name, member] : zip.members()) {
    if (!name.ends_with(pickle) || name.find('/') != name.size() - pickle.size()) continue;
    if (root) zip.fail("holds two files data.pkl");
    root = name.substr(0, name.size() - pickle.size());
  }
  if (!root) zip.fail("is a zip archive, but holds no data.pkl: not written by torch.save");
  return *root;
}

std::string read_text(ZipArchive& zip, const std::string& name, uint64_t max_bytes) {
  const ZipArchive::Member& member = zip.at(name);
  if (member.bytes > max_bytes) zip.fail(text("has a ", quoted(name), " that is too large"));
  std::string text(member.bytes, '\0');
  zip.read(member, text.data());
  return text;
}

class TensorReader {
 public:
  TensorReader(ZipArchive& zip, const std::string& root, const Pickle& pickle)
      : zip_(zip), root_(root), pickle_(pickle) {}

  // Reads the tensors of a state dict.
  void read_dict(const Value& dict) {
    for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
      const Value& name = pickle_[dict.items[i]];
      const Value& value = pickle_[dict.items[i + 1]];
      if (name.kind != Kind::kString) zip_.fail("has a state dict with a key that is not a name");
      if (value.kind != Kind::kTensor) {
        zip_.fail(text("is no state dict, nor does it hold one as \"state_dict\": its ",
                       quoted(name.text), " is no tensor"));
      }
      add(name.text, value);
    }
  }

  // Reads the tensors of a module and of the modules in it.
  void read_module(const Value& module, const std::string& prefix, size_t depth) {
    if (depth > kMaxModuleDepth || ++num_modules_ > kMaxModules) {
      zip_.fail("has too many modules within modules, at " + quoted(prefix));
    }
    if (module.items.empty()) return;
    const Value& attributes = pickle_[module.items.front()];
    for (size_t i = 0; i + 1 < attributes.items.size(); i += 2) {
      const Value& name = pickle_[attributes.items[i]];
      const Value& value = pickle_[attributes.items[i + 1]];
      if (name.kind != Kind::kString) zip_.fail("has an attribute whose key is not a name");
      // Modules may be shared, so their visits and paths are not bounded by the file's size.
      if (++num_attributes_ > kMaxAttributes || prefix.size() + name.text.size() > kMaxNameBytes) {
        zip_.fail("has too many attributes, or attributes with too long names, at " +
                  quoted(prefix));
      }
      if (value.kind == Kind::kTensor) add(prefix + name.text, value);
      if (value.kind == Kind::kObject) read_module(value, prefix + name.text + ".", depth + 1);
    }
  }

  std::map<std::string, at::Tensor> take() { return std::move(tensors_); }

 private:
  [[noreturn]] void fail(const std::string& name, const std::string& what) const {
    zip_.fail(text("tensor ", quoted(name), " ", what));
  }

  void add(const std::string& name, const Value& value) {
    if (!tensors_.emplace(name, make_tensor(name, value)).second) fail(name, "is there twice");
  }

  int64_t integer(const std::string& name, const Value& value) const {
    if (value.kind != Kind::kInteger || value.integer < 0) {
      fail(name, "has a size, stride or offset that is not a whole number of at least 0");
    }
    return value.integer;
  }

  std::vector<int64_t> integers(const std::string& name, const Value& value) const {
    if (value.kind != Kind::kTuple || value.items.size() > kMaxDimensions) {
      fail(name, "has sizes or strides that are not a tuple of a few numbers");
    }
    std::vector<int64_t> list;
    for (const Pickle::Index index : value.items) list.push_back(integer(name, pickle_[index]));
    return list;
  }

  at::Tensor make_tensor(const std::string& name, const Value& value) {
    if (value.items.size() < 4) fail(name, "is not described in full");
    const at::Tensor storage = find_storage(name, pickle_[value.items[0]]);
    const int64_t offset = integer(name, pickle_[value.items[1]]);
    const std::vector<int64_t> sizes = integers(name, pickle_[value.items[2]]);
    const std::vector<int64_t> strides = integers(name, pickle_[value.items[3]]);
    if (strides.size() != sizes.size()) fail(name, "does not have as many strides as sizes");
    int64_t elements = 1;
    int64_t last = offset;
    for (size_t i = 0; i < sizes.size(); ++i) {
      int64_t reach = 0;
      if (sizes[i] == 0) fail(name, "is empty");
      if (__builtin_mul_overflow(elements, sizes[i], &elements) ||
          __builtin_mul_overflow(sizes[i] - 1, strides[i], &reach) ||
          __builtin_add_overflow(last, reach, &last)) {
        fail(name, "is larger than any memory");
      }
    }
    if (last >= storage.numel() || elements > storage.numel()) {
      fail(name, text("of ", elements, " elements reaches to element ", last, " of a storage of ",
                      storage.numel()));
    }
    return storage.as_strided(sizes, strides, offset);
  }

  // The whole storage in which a tensor lies; it is read when it is first asked for.
  at::Tensor find_storage(const std::string& name, const Value& value) {
    if (value.kind != Kind::kStorage || value.items.size() < 5) fail(name, "has no storage");
    const Value& tag = pickle_[value.items[0]];
    const Value& type = pickle_[value.items[1]];
    const Value& key = pickle_[value.items[2]];
    if (tag.text != "storage" || type.kind != Kind::kName || key.kind != Kind::kString) {
      fail(name, "has no storage");
    }
    const auto known = kStorageTypes.find(type.text);
    if (known == kStorageTypes.end()) fail(name, "is stored as " + quoted(type.text));
    const int64_t elements = integer(name, pickle_[value.items[4]]);
    auto found = storages_.find(key.text);
    if (found == storages_.end()) {
      found =
          storages_.emplace(key.text, read_storage(name, key.text, known->second, elements)).first;
    }
    if (found->second.scalar_type() != known->second || found->second.numel() != elements) {
      fail(name,
           text("describes the storage ", quoted(key.text), " differently from another tensor"));
    }
    return found->second;
  }

  at::Tensor read_storage(const std::string& name, const std::string& key, at::ScalarType type,
                          int64_t elements) {
    const ZipArchive::Member& member = zip_.at(root_ + "/data/" + key);
    uint64_t bytes = 0;
    if (__builtin_mul_overflow(static_cast<uint64_t>(elements), c10::elementSize(type), &bytes) ||
        bytes != member.bytes) {
      fail(name, text("claims a storage of ", elements, " ", at::toString(type), ", but ",
                      quoted(key), " has ", member.bytes, " bytes"));
    }
    at::Tensor storage = at::empty({elements}, at::TensorOptions(type));
    zip_.read(member, storage.data_ptr());
    return storage;
  }

  ZipArchive& zip_;
  const std::string& root_;
  const Pickle& pickle_;
  std::map<std::string, at::Tensor> storages_;
  std::map<std::string, at::Tensor> tensors_;
  int64_t num_modules_ = 0;
  int64_t num_attributes_ = 0;
};

}  // namespace

std::map<std::string, at::Tensor> read_torch_archive(const std::filesystem::path& path) {
  ZipArchive zip(path);
  const std::string root = find_root(zip);
  if (zip.members().contains(root + "/byteorder") &&
      read_text(zip, root + "/byteorder", 16) != "little") {
    zip.fail("was written by a big-endian machine");
  }
  const Pickle pickle(read_text(zip, root + "/data.pkl", Pickle::kMaxBytes),
                      path.string() + ": data.pkl");
  const bool is_script = zip.members().contains(root + "/constants.pkl");
  TensorReader reader(zip, root, pickle);
  const Value& value = pickle.root();
  if (is_script && value.kind == Kind::kObject) {
    reader.read_module(value, "", 0);
  } else if (!is_script && value.kind == Kind::kDict) {
    const Value* inner = pickle.find(value, "state_dict");
    reader.read_dict(inner != nullptr && inner->kind == Kind::kDict ? *inner : value);
  } else {
    zip.fail("holds no state dict; save model.state_dict() with torch.save");
  }
  return reader.take();
}

}  // namespace dermatome
