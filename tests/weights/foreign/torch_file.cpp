#include "tests/weights/foreign/torch_file.h"

#include <caffe2/serialize/inline_container.h>

#include <cstring>
#include <fstream>

namespace dermatome {
namespace {

template <typename T>
std::string bytes_of(T number) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &number, sizeof(T));
  return bytes;
}

std::string pickled_numbers(const std::vector<int64_t>& numbers) {
  std::vector<std::string> items;
  for (const int64_t number : numbers) items.push_back(pickled_number(number));
  return pickled_tuple(items);
}

}  // namespace

std::string pickled_text(const std::string& text) {
  return std::string("X") + bytes_of(static_cast<uint32_t>(text.size())) + text;
}

std::string pickled_number(int64_t number) { return std::string("\x8a\x08") + bytes_of(number); }

std::string pickled_name(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}

std::string pickled_tuple(const std::vector<std::string>& items) {
  std::string all = "(";
  for (const std::string& item : items) all += item;
  return all + "t";
}

std::string pickled_dict(const std::vector<std::string>& items) {
  std::string all = "}(";
  for (const std::string& item : items) all += item;
  return all + "u";
}

std::string pickled_storage(const std::string& key, int64_t elements, const std::string& type) {
  return pickled_tuple({pickled_text("storage"), pickled_name("torch", type), pickled_text(key),
                        pickled_text("cpu"), pickled_number(elements)}) +
         "Q";
}

std::string pickled_tensor(const std::string& storage, int64_t offset,
                           const std::vector<int64_t>& sizes, const std::vector<int64_t>& strides) {
  const std::string no_hooks = pickled_name("collections", "OrderedDict") + ")R";
  return pickled_name("torch._utils", "_rebuild_tensor_v2") +
         pickled_tuple({storage, pickled_number(offset), pickled_numbers(sizes),
                        pickled_numbers(strides), "\x89", no_hooks}) +
         "R";
}

std::string pickle_of(const std::string& value) { return "\x80\x02" + value + "."; }

void write_torch_file(const std::filesystem::path& path, const Members& members) {
  std::ofstream file(path, std::ios::binary);
  caffe2::serialize::PyTorchStreamWriter writer([&](const void* data, size_t bytes) {
    file.write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
    return bytes;
  });
  for (const auto& [name, content] : members) {
    writer.writeRecord(name, content.data(), content.size());
  }
  writer.writeEndOfFile();
}

}  // namespace dermatome
