#include "src/weights/foreign/pickle.h"

#include <bit>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "src/core/error.h"
#include "src/core/quoted.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

static_assert(std::endian::native == std::endian::little, "pickled numbers are little endian");

// The opcodes, named as Python's pickletools names them.
enum Opcode : uint8_t {
  kMark = '(',
  kStop = '.',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNoneValue = 'N',
  kBinPersistent = 'Q',
  kReduce = 'R',
  kBinUnicode = 'X',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTupleOfMarked = 't',
  kSetItems = 'u',
  kEmptyDict = '}',
  kEmptyList = ']',
  kEmptyTuple = ')',
  kBinFloat = 'G',
  kProtocol = 0x80,
  kNewObject = 0x81,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
};

constexpr uint8_t kNewestProtocol = 2;

// No description of a tensor has more. A longer list could be copied each time it is named.
constexpr size_t kMaxArguments = 16;

const char* const kScriptClasses = "__torch__.";

// Says what a call of a name makes.
enum class Call { kDict, kTensor, kFirstArgument, kOpaque, kNothing };

const std::unordered_map<std::string_view, Call>& known_names() {
  static const std::unordered_map<std::string_view, Call> names = {
      {"collections.OrderedDict", Call::kDict},
      {"torch._utils._rebuild_tensor_v2", Call::kTensor},
      {"torch._utils._rebuild_parameter", Call::kFirstArgument},
      // TorchScript's lists, and values with their type.
      {"torch.jit._pickle.build_intlist", Call::kFirstArgument},
      {"torch.jit._pickle.build_doublelist", Call::kFirstArgument},
      {"torch.jit._pickle.build_boollist", Call::kFirstArgument},
      {"torch.jit._pickle.build_tensorlist", Call::kFirstArgument},
      {"torch.jit._pickle.restore_type_tag", Call::kFirstArgument},
      // Learning rates that numpy computed, in the optimizer's state.
      {"numpy.core.multiarray.scalar", Call::kOpaque},
      {"numpy._core.multiarray.scalar", Call::kOpaque},
      {"numpy.dtype", Call::kOpaque},
      {"_codecs.encode", Call::kOpaque},
      {"torch.DoubleStorage", Call::kNothing},
      {"torch.FloatStorage", Call::kNothing},
      {"torch.HalfStorage", Call::kNothing},
      {"torch.BFloat16Storage", Call::kNothing},
      {"torch.LongStorage", Call::kNothing},
      {"torch.IntStorage", Call::kNothing},
      {"torch.ShortStorage", Call::kNothing},
      {"torch.CharStorage", Call::kNothing},
      {"torch.ByteStorage", Call::kNothing},
      {"torch.BoolStorage", Call::kNothing},
  };
  return names;
}

}  // namespace

// Runs one pickle. Values wait on a stack. A mark is a height of the stack: only the opcode that
// takes the mark may reach below it.
class PickleMachine {
 public:
  PickleMachine(Pickle& pickle, std::string_view bytes, const std::string& where)
      : values_(pickle.values_), bytes_(bytes), where_(where) {}

  Pickle::Index run() {
    if (bytes_.size() > Pickle::kMaxBytes) {
      fail(text("it has ", bytes_.size(), " bytes, too many for the description of a model"));
    }
    for (uint8_t opcode = next(); opcode != kStop; opcode = next()) {
      if (!push_scalar(opcode) && !push_container(opcode) && !change(opcode)) {
        fail(text("opcode ", opcode, " is not one that torch.save() writes by default"));
      }
    }
    return pop();
  }

 private:
  using Index = Pickle::Index;
  using Kind = Pickle::Kind;
  using Value = Pickle::Value;

  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(text(where_, ": not the pickle of a state dict, or damaged: before its byte ",
                         at_, ", ", what));
  }

  // --- bytes ---

  std::string_view take(size_t count) {
    if (count > bytes_.size() - at_) fail("it is cut off");
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }

  template <typename T>
  T take_number() {
    T number;
    std::memcpy(&number, take(sizeof(T)).data(), sizeof(T));
    return number;
  }

  uint8_t next() { return take_number<uint8_t>(); }

  std::string take_line() {
    const size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) fail("it is cut off");
    const std::string line(take(end - at_));
    take(1);
    return line;
  }

  // --- stack ---

  void push(Value value) {
    values_.push_back(std::move(value));
    stack_.push_back(static_cast<Index>(values_.size() - 1));
  }

  Value& top() {
    if (stack_.size() <= floor()) fail("a value is missing");
    return values_[stack_.back()];
  }

  Index pop() {
    top();
    const Index index = stack_.back();
    stack_.pop_back();
    return index;
  }

  // The newest `count` values.
  std::vector<Index> pop_some(size_t count) {
    if (stack_.size() - floor() < count) fail("a value is missing");
    std::vector<Index> some(stack_.end() - static_cast<ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return some;
  }

  std::vector<Index> pop_marked() {
    if (marks_.empty()) fail("a mark is missing");
    std::vector<Index> marked = pop_some(stack_.size() - marks_.back());
    marks_.pop_back();
    return marked;
  }

  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  // --- opcodes ---

  bool push_scalar(uint8_t opcode) {
    const auto integer = [&](int64_t number) { push({.kind = Kind::kInteger, .integer = number}); };
    switch (opcode) {
      case kNoneValue:
        push({});
        return true;
      case kNewTrue:
      case kNewFalse:
        push({.kind = Kind::kBool, .integer = opcode == kNewTrue});
        return true;
      case kBinInt:
        integer(take_number<int32_t>());
        return true;
      case kBinInt1:
        integer(take_number<uint8_t>());
        return true;
      case kBinInt2:
        integer(take_number<uint16_t>());
        return true;
      case kLong1:
        integer(take_long());
        return true;
      case kBinFloat:
        take(sizeof(double));
        push({.kind = Kind::kReal});
        return true;
      case kBinUnicode:
        push({.kind = Kind::kString, .text = std::string(take(take_number<uint32_t>()))});
        return true;
      case kGlobal:
        push_name();
        return true;
      default:
        return false;
    }
  }

  // Two's complement of any length.
  int64_t take_long() {
    const std::string_view digits = take(next());
    if (digits.size() > sizeof(int64_t)) fail("a number has more than 64 bits");
    const bool is_negative = !digits.empty() && (digits.back() & 0x80) != 0;
    int64_t number = is_negative ? -1 : 0;
    std::memcpy(&number, digits.data(), digits.size());
    return number;
  }

  void push_name() {
    const std::string module = take_line();
    const std::string name = module + "." + take_line();
    if (!name.starts_with(kScriptClasses) && !known_names().contains(name)) {
      throw DataError(text(where_, " names ", quoted(name),
                           ", which has no place in a state dict; nothing in it was executed. Only "
                           "tensors are read: if you trust the file, load it in Python and save "
                           "model.state_dict() alone with torch.save"));
    }
    push({.kind = Kind::kName, .text = name});
  }

  bool push_container(uint8_t opcode) {
    const auto container = [&](Kind kind, std::vector<Index> items) {
      push({.kind = kind, .items = std::move(items)});
    };
    switch (opcode) {
      case kEmptyDict:
        container(Kind::kDict, {});
        return true;
      case kEmptyList:
        container(Kind::kList, {});
        return true;
      case kEmptyTuple:
        container(Kind::kTuple, {});
        return true;
      case kTuple1:
        container(Kind::kTuple, pop_some(1));
        return true;
      case kTuple2:
        container(Kind::kTuple, pop_some(2));
        return true;
      case kTuple3:
        container(Kind::kTuple, pop_some(3));
        return true;
      case kTupleOfMarked:
        container(Kind::kTuple, pop_marked());
        return true;
      case kBinPersistent:
        container(Kind::kStorage, pop_tuple());
        return true;
      default:
        return false;
    }
  }

  // Opcodes that change values or the machine's state.
  bool change(uint8_t opcode) {
    switch (opcode) {
      case kProtocol: {
        const uint8_t protocol = next();
        if (protocol > kNewestProtocol) {
          fail(text("it claims protocol ", protocol,
                    "; save it again with torch.save()'s own choice, ", kNewestProtocol));
        }
        return true;
      }
      case kMark:
        marks_.push_back(stack_.size());
        return true;
      case kBinPut:
        put(next());
        return true;
      case kLongBinPut:
        put(take_number<uint32_t>());
        return true;
      case kBinGet:
        get(next());
        return true;
      case kLongBinGet:
        get(take_number<uint32_t>());
        return true;
      case kAppend:
        add(Kind::kList, pop_some(1));
        return true;
      case kAppends:
        add(Kind::kList, pop_marked());
        return true;
      case kSetItem:
        add(Kind::kDict, pop_some(2));
        return true;
      case kSetItems:
        add(Kind::kDict, pop_marked());
        return true;
      case kReduce:
        call();
        return true;
      case kNewObject:
        make_object();
        return true;
      case kBuild:
        set_state();
        return true;
      default:
        return false;
    }
  }

  void put(uint32_t key) {
    top();
    memo_[key] = stack_.back();
  }

  void get(uint32_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) fail(text("value ", key, " is used before it is there"));
    stack_.push_back(found->second);
  }

  void add(Kind kind, const std::vector<Index>& items) {
    Value& target = top();
    if (target.kind != kind || (kind == Kind::kDict && items.size() % 2 != 0)) {
      fail("items are added to a value that does not take them");
    }
    target.items.insert(target.items.end(), items.begin(), items.end());
  }

  std::vector<Index> pop_tuple() {
    const Value& tuple = values_[pop()];
    if (tuple.kind != Kind::kTuple || tuple.items.size() > kMaxArguments) {
      fail("arguments are not a tuple of a few values");
    }
    return tuple.items;
  }

  // Calls nothing: pushes a value that says what the call would make.
  void call() {
    std::vector<Index> arguments = pop_tuple();
    const Value& function = values_[pop()];
    const auto known = known_names().find(function.text);
    if (function.kind != Kind::kName || known == known_names().end()) {
      fail("something is called that is not a function");
    }
    switch (known->second) {
      case Call::kDict:
        if (!arguments.empty()) fail("an OrderedDict is made with arguments");
        push({.kind = Kind::kDict});
        return;
      case Call::kTensor:
        push({.kind = Kind::kTensor, .items = std::move(arguments)});
        return;
      case Call::kFirstArgument:
        if (arguments.empty()) fail("an argument is missing");
        stack_.push_back(arguments.front());
        return;
      case Call::kOpaque:
        push({.kind = Kind::kOpaque});
        return;
      case Call::kNothing:
        fail("a type of storage is called");
    }
  }

  void make_object() {
    if (!pop_tuple().empty()) fail("an object is made with arguments");
    const Value& type = values_[pop()];
    if (type.kind != Kind::kName || !type.text.starts_with(kScriptClasses)) {
      fail("an object is made of something that is not a class of TorchScript");
    }
    push({.kind = Kind::kObject});
  }

  // An object's attributes. Those of an OrderedDict (a state dict's _metadata) and the state of
  // what is opaque say nothing about tensors.
  void set_state() {
    const Index state = pop();
    Value& target = top();
    if (target.kind == Kind::kDict || target.kind == Kind::kOpaque) return;
    if (target.kind != Kind::kObject || values_[state].kind != Kind::kDict) {
      fail("a state is given to a value that has none");
    }
    target.items = {state};
  }

  std::vector<Value>& values_;
  const std::string_view bytes_;
  const std::string& where_;
  size_t at_ = 0;
  std::vector<Index> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint32_t, Index> memo_;
};

Pickle::Pickle(std::string_view bytes, const std::string& where) {
  root_ = PickleMachine(*this, bytes, where).run();
}

const Pickle::Value* Pickle::find(const Value& dict, std::string_view key) const {
  const Value* found = nullptr;
  for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    const Value& candidate = values_[dict.items[i]];
    // As in Python, a later item of one key replaces an earlier one.
    if (candidate.kind == Kind::kString && candidate.text == key) {
      found = &values_[dict.items[i + 1]];
    }
  }
  return found;
}

}  // namespace dermatome
