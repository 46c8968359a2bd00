#include "src/weights/foreign/pickle.h"

#include <gmock/gmock.h>

#include "src/core/error.h"
#include "tests/weights/foreign/torch_file.h"

namespace dermatome {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Kind = Pickle::Kind;

void expect_refused(const std::string& bytes, const std::string& reason) {
  try {
    const Pickle pickle(bytes, "file.pt");
    FAIL() << "accepted a pickle that should be refused with: " << reason;
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), StartsWith("file.pt"));
    EXPECT_THAT(error.what(), HasSubstr(reason));
  }
}

TEST(Pickle, ReadsNumbersOfEveryWidth) {
  const std::string all = std::string("(K\xff") + "M\x01\x02" + std::string("J\xfe\xff\xff\xff") +
                          std::string("\x8a\x00", 2) + "\x8a\x01\x80" + pickled_number(INT64_MIN) +
                          "t";
  const Pickle pickle(pickle_of(all), "file.pt");

  std::vector<int64_t> numbers;
  for (const Pickle::Index index : pickle.root().items) numbers.push_back(pickle[index].integer);
  EXPECT_THAT(numbers, ::testing::ElementsAre(255, 513, -2, 0, -128, INT64_MIN));
}

TEST(Pickle, OfEqualKeysInADictTheLastCounts) {
  const Pickle pickle(
      pickle_of(pickled_dict({pickled_text("a"), pickled_number(1), pickled_number(2),
                              pickled_number(3), pickled_text("a"), pickled_number(4)})),
      "file.pt");
  EXPECT_EQ(pickle.find(pickle.root(), "a")->integer, 4);
  EXPECT_EQ(pickle.find(pickle.root(), "b"), nullptr);
}

TEST(Pickle, MemoizedValuesAreOneValue) {
  const Pickle pickle(pickle_of("(]q\x07h\x07K\x05"
                                "at"),
                      "file.pt");
  const auto& items = pickle.root().items;
  ASSERT_EQ(items.size(), 2);
  EXPECT_EQ(items[0], items[1]);
  EXPECT_EQ(pickle[items[0]].items.size(), 1);
}

TEST(Pickle, ValuesMayContainThemselves) {
  const Pickle pickle(pickle_of(std::string("]q\x00h\x00", 5) + "a"), "file.pt");
  EXPECT_EQ(&pickle[pickle.root().items[0]], &pickle.root());
}

TEST(Pickle, DeepNestingNeedsNoStack) {
  const size_t depth = 400'000;
  const Pickle pickle(pickle_of("N" + std::string(depth, '\x85')), "file.pt");
  EXPECT_EQ(pickle.root().kind, Kind::kTuple);
}

TEST(Pickle, NamesThatTensorsDoNotNeedAreRefused) {
  for (const auto& [module, name] :
       std::vector<std::pair<std::string, std::string>>{{"os", "system"},
                                                        {"posix", "system"},
                                                        {"builtins", "eval"},
                                                        {"torch", "load"},
                                                        {"torch.nn.modules.linear", "Linear"},
                                                        {"collections", "OrderedDict.fromkeys"},
                                                        {"collections.OrderedDict", ""}}) {
    const std::string call = pickled_name(module, name) + pickled_tuple({pickled_text("id")}) + "R";
    expect_refused(pickle_of(call), "names \"" + module + "." + name + "\"");
  }
  expect_refused(pickle_of(pickled_name("os", "system")), "save model.state_dict()");
}

TEST(Pickle, StrangeNamesAreShownOnOneLine) {
  expect_refused(pickle_of(pickled_name("o\x1b\xff", "s")), "o\\u001b\xef\xbf\xbd.s");
}

TEST(Pickle, OnlyFunctionsAreCalled) {
  expect_refused(pickle_of("K\x01)R"), "not a function");
  expect_refused(pickle_of(pickled_name("__torch__.a", "B") + ")R"), "not a function");
  expect_refused(pickle_of(pickled_name("torch", "FloatStorage") + ")R"), "storage is called");
  expect_refused(pickle_of(pickled_name("collections", "OrderedDict") + ")\x81"), "not a class");
  expect_refused(pickle_of(pickled_name("collections", "OrderedDict") + "K\x01R"), "not a tuple");
}

TEST(Pickle, ScriptObjectsAreTheirAttributes) {
  const Pickle pickle(pickle_of(pickled_name("__torch__.a", "B") + ")\x81" +
                                pickled_dict({pickled_text("x"), pickled_number(3)}) + "b"),
                      "file.pt");
  ASSERT_EQ(pickle.root().kind, Kind::kObject);
  EXPECT_EQ(pickle.find(pickle[pickle.root().items[0]], "x")->integer, 3);
}

TEST(Pickle, LongArgumentsAreRefused) {
  expect_refused(pickle_of("(" + std::string(17, 'N') + "tQ"), "a few values");
}

struct Malformed {
  std::string bytes;
  std::string reason;
};

class MalformedPickle : public ::testing::TestWithParam<Malformed> {};

TEST_P(MalformedPickle, IsRefused) { expect_refused(GetParam().bytes, GetParam().reason); }

INSTANTIATE_TEST_SUITE_P(
    All, MalformedPickle,
    ::testing::Values(
        Malformed{"", "cut off"}, Malformed{"\x80", "cut off"}, Malformed{"N", "cut off"},
        Malformed{".", "a value is missing"}, Malformed{"\x80\x04N.", "protocol 4"},
        Malformed{std::string("X\xff\xff\xff\xff", 5) + "a.", "cut off"},
        Malformed{"cos", "cut off"}, Malformed{"cos\nsystem", "cut off"},
        Malformed{"\x8a\xff"
                  "1.",
                  "cut off"},
        Malformed{"\x8a\x09"
                  "123456789.",
                  "64 bits"},
        Malformed{"K\x01(\x85.", "a value is missing"}, Malformed{"NNu.", "a mark is missing"},
        Malformed{"K\x01(.", "a value is missing"}, Malformed{"h\x01.", "used before"},
        Malformed{"q\x01.", "a value is missing"}, Malformed{"}(Nu.", "does not take them"},
        Malformed{"](NNu.", "does not take them"}, Malformed{"}Na.", "does not take them"},
        Malformed{"NNb.", "has none"}, Malformed{"S'x'\n.", "opcode 83"},
        Malformed{"i.", "opcode 105"}, Malformed{"\x82\x01.", "opcode 130"},
        Malformed{std::string(Pickle::kMaxBytes + 1, 'N'), "too many"}));

}  // namespace
}  // namespace dermatome
