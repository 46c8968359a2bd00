#include "src/report/history.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>

#include "src/core/error.h"
#include "src/core/file.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using nlohmann::json;
using testing::HasSubstr;

json curves_of(const std::string& lines) {
  const auto run = scratch_folder();
  write_file_atomically(run / "results.jsonl", lines);
  return read_curves(run);
}

template <typename Read>
std::string error_of(const Read& read) {
  try {
    read();
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Curves, AreEmptyForARunWithoutResults) {
  const json curves = read_curves(scratch_folder());
  EXPECT_EQ(curves["train"], json({{"step", json::array()}}));
  EXPECT_EQ(curves["validation"], json::object());
}

TEST(Curves, AreColumnsWithNullForMissingValues) {
  const json curves =
      curves_of(R"({"step":0,"epoch":0,"validation":{"pad":{"top1":0.25}}})"
                "\n"
                R"({"step":10,"epoch":0,"train":{"loss":8.123456789,"lr":1e-5}})"
                "\n"
                R"({"step":20,"epoch":1,"train":{"loss":null,"lr":2e-5,"norm":3}})"
                "\n"
                R"({"step":20,"epoch":1,"validation":{"pad":{"top1":0.5},"loss":{"total":7}}})"
                "\n");
  EXPECT_EQ(curves["train"]["step"], json({10, 20}));
  EXPECT_EQ(curves["train"]["loss"], json({8.12346, nullptr}));
  EXPECT_EQ(curves["train"]["lr"], json({1e-5, 2e-5}));
  EXPECT_EQ(curves["train"]["norm"], json({nullptr, 3.0}));
  EXPECT_EQ(curves["validation"]["pad"], json({{"step", {0, 20}}, {"top1", {0.25, 0.5}}}));
  EXPECT_EQ(curves["validation"]["loss"]["total"], json({7}));
  EXPECT_EQ(curves["averaged"], 1);
}

TEST(Curves, AreMeansOfNeighborsForALongRun) {
  std::string lines;
  const int64_t steps = 2 * kMostPoints + 1;
  for (int64_t step = 1; step <= steps; ++step) {
    const std::string loss = step == 5 ? "null" : std::to_string(step * 10);
    lines += "{\"step\":" + std::to_string(step) + ",\"train\":{\"loss\":" + loss + "}}\n";
  }
  const json curves = curves_of(lines);
  EXPECT_EQ(curves["averaged"], 3);
  const json& loss = curves["train"]["loss"];
  EXPECT_EQ(loss.size(), static_cast<size_t>((steps + 2) / 3));
  EXPECT_EQ(loss[0], 20);
  EXPECT_TRUE(loss[1].is_null());
  EXPECT_EQ(loss[2], 80);
  EXPECT_EQ(curves["train"]["step"][2], 8);
}

TEST(Curves, LeaveOutALineThatIsBeingWritten) {
  const std::string whole = "{\"step\":1,\"train\":{\"loss\":2}}\n";
  EXPECT_EQ(curves_of(whole + "{\"step\":2,\"tra")["train"]["step"], json({1}));
  EXPECT_THAT(error_of([&] { curves_of(whole + "{\"step\":2,\"tra\n" + whole); }),
              HasSubstr("results.jsonl:2: this line is no JSON object"));
  EXPECT_THAT(error_of([&] { curves_of(whole + "{\"train\":{}}\n"); }),
              HasSubstr("results.jsonl:2: this line has no whole number 'step'"));
}

TEST(Evaluations, AreTheLinesOfTheirFile) {
  const auto run = scratch_folder();
  EXPECT_EQ(read_evaluations(run), json::array());
  const json first = {{"benchmark", "pad"}, {"step", 10}, {"scores", {{"top1", 0.5}}}};
  write_file_atomically(run / "evaluations.jsonl", first.dump() + "\n" + first.dump() + "\n");
  EXPECT_EQ(read_evaluations(run), json({first, first}));
  write_file_atomically(run / "evaluations.jsonl", first.dump() + "\n{\"benchmark\":\"pad\"}\n");
  EXPECT_THAT(error_of([&] { read_evaluations(run); }),
              HasSubstr("evaluations.jsonl:2: this line is no evaluation"));
}

}  // namespace
}  // namespace dermatome
