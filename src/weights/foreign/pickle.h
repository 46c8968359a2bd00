// Reads pickles as data: a small machine for the opcodes torch.save() and TorchScript emit.
//
// A pickle is a program that may name any function of Python and call it. This machine calls
// nothing. It has a list of names that describe tensors and containers. Other names are refused; a
// call of a name on the list becomes a value that says what was asked for. The pickle's size bounds
// the memory, and nothing recurses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dermatome {

class Pickle {
 public:
  // A value is named by its index, so that values may refer to each other in any way.
  using Index = uint32_t;

  // A value takes a hundred times the memory of the byte that creates it. The pickle of a ViT-B/16
  // with its optimizer's state has 0.3 MB.
  static constexpr size_t kMaxBytes = 1 << 22;

  enum class Kind {
    kNone,
    kBool,
    kInteger,
    kReal,     // its value is not kept
    kString,   // text
    kTuple,    // items
    kList,     // items
    kDict,     // items: key, value, key, value, ...
    kName,     // text: module.name of something in Python
    kObject,   // of a TorchScript class; items: its attributes (kDict), or nothing
    kStorage,  // items: "storage", type (kName), key (kString), device (kString), elements, ...
    kTensor,   // items: kStorage, offset, sizes (kTuple), strides (kTuple), ...
    kOpaque,   // something that is not a tensor and holds none: a number of numpy's
  };

  struct Value {
    Kind kind = Kind::kNone;
    int64_t integer = 0;  // of kInteger and kBool
    std::string text = {};
    std::vector<Index> items = {};
  };

  // Runs the pickle `bytes`. Throws DataError, whose message begins with `where`, for anything
  // malformed and for names that are not on the list.
  Pickle(std::string_view bytes, const std::string& where);

  // What the pickle stands for.
  const Value& root() const { return values_[root_]; }
  const Value& operator[](Index index) const { return values_[index]; }

  // The value of the string `key` in `dict` (kDict); nullptr: none.
  const Value* find(const Value& dict, std::string_view key) const;

 private:
  friend class PickleMachine;

  std::vector<Value> values_;
  Index root_ = 0;
};

}  // namespace dermatome
