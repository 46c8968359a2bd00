#include "src/core/strict_json.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "src/core/error.h"

namespace dermatome {
namespace {

using nlohmann::json;

std::string error_of(const std::function<void()>& read) {
  try {
    read();
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

// The error message when `read` reads `content` and finish() follows; empty without an error.
std::string problem(const char* content, const std::function<void(JsonObject&)>& read) {
  return error_of([&] {
    const json document = parse_json(content, "a.json");
    JsonObject object("a.json", "", document);
    read(object);
    object.finish();
  });
}

TEST(StrictJson, ReadsValuesOfTheExpectedTypes) {
  const json document = parse_json(
      R"({"yes": true, "big": 18446744073709551615, "low": -9223372036854775808, "half": 0.5,
          "whole": 2, "name": "n", "names": ["a", "b"], "sizes": [], "nothing": null,
          "inner": {"yes": false}})",
      "a.json");
  JsonObject object("a.json", "", document);
  EXPECT_TRUE(object.get<bool>("yes"));
  EXPECT_EQ(object.get<uint64_t>("big"), UINT64_MAX);
  EXPECT_EQ(object.get<int64_t>("low"), INT64_MIN);
  EXPECT_EQ(object.get<double>("half"), 0.5);
  EXPECT_EQ(object.get<double>("whole"), 2);
  EXPECT_EQ(object.get<std::string>("name"), "n");
  EXPECT_EQ(object.get<std::vector<std::string>>("names"), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(object.get<std::vector<uint64_t>>("sizes").empty());
  EXPECT_FALSE(object.has("nothing"));
  EXPECT_TRUE(object.contains("nothing"));
  EXPECT_FALSE(object.contains("none"));
  int kept = 7;
  object.read("nothing", kept);
  object.read("none", kept);
  EXPECT_EQ(kept, 7);
  JsonObject inner = object.object("inner");
  inner.ignore({"yes"});
  inner.finish();
  object.finish();
}

TEST(StrictJson, NamesFileKeyValueAndWhatIsExpected) {
  const auto wants = [](auto example) {
    return [example](JsonObject& object) { object.get<decltype(example)>("key"); };
  };
  EXPECT_EQ(problem("{}", wants(true)), "a.json: key (missing) is needed: true or false");
  EXPECT_EQ(problem(R"({"key": null})", wants(0.5)), "a.json: key (null) is needed: a number");
  EXPECT_EQ(problem(R"({"key": 1})", wants(true)), "a.json: key (1) must be true or false");
  EXPECT_EQ(problem(R"({"key": -1})", wants(uint32_t{})),
            "a.json: key (-1) must be a whole number from 0 to 4294967295");
  for (const char* content : {R"({"key": 4294967296})", R"({"key": 1.0})", R"({"key": "1"})"}) {
    EXPECT_NE(problem(content, wants(uint32_t{})), "") << content;
  }
  EXPECT_EQ(problem(R"({"key": true})", wants(0.5)), "a.json: key (true) must be a number");
  EXPECT_EQ(problem(R"({"key": 1})", wants(std::string())), "a.json: key (1) must be text");
  EXPECT_EQ(problem(R"({"key": ["a", 1]})", wants(std::vector<std::string>())),
            "a.json: key ([\"a\",1]) must be a list; each of its entries text");
}

TEST(StrictJson, NamesKeysInsideObjects) {
  EXPECT_EQ(problem(R"({"a": {"b": {"c": 1}}})",
                    [](JsonObject& object) { object.object("a").object("b").get<bool>("c"); }),
            "a.json: a.b.c (1) must be true or false");
  EXPECT_EQ(problem(R"({"a": 1})", [](JsonObject& object) { object.object("a"); }),
            "a.json: a (1) must be a JSON object");
  EXPECT_EQ(problem("{}", [](JsonObject& object) { object.object("a"); }),
            "a.json: a (missing) must be a JSON object");
  EXPECT_EQ(problem("[]", [](JsonObject&) {}), "a.json: the file ([]) must be a JSON object");
}

TEST(StrictJson, RefusesKeysThatNobodyAskedFor) {
  EXPECT_EQ(problem(R"({"seed": 1, "sede": 2})", [](JsonObject& o) { o.get<int>("seed"); }),
            "a.json: unknown key 'sede' with value 2; the nearest known key is 'seed'");
}

TEST(StrictJson, RefusesARepeatedKeyAtAnyDepth) {
  for (const char* content : {R"({"a": 1, "a": 1})", R"({"b": [{"a": 1, "c": {}, "a": 1}]})"}) {
    EXPECT_EQ(error_of([&] { parse_json(content, "a.json"); }),
              "a.json: the key \"a\" is there a second time");
  }
  EXPECT_EQ(error_of([] { parse_json(R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 1}]})", "x"); }), "");
}

TEST(StrictJson, RefusesTextThatIsNotJson) {
  for (const char* content : {"", "{", "{} x", "{\"\xff\": 1}"}) {
    EXPECT_EQ(error_of([&] { parse_json(content, "a.json"); }).find("a.json: not valid JSON: "), 0U)
        << content;
  }
}

TEST(StrictJson, CutsLongValues) {
  const json document = {{"key", std::string(1000, 'x')}};
  JsonObject object("a.json", "", document);
  EXPECT_LT(error_of([&] { object.get<bool>("key"); }).size(), 300U);
}

}  // namespace
}  // namespace dermatome
