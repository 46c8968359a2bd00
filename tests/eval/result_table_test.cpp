#include "src/eval/result_table.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace dermatome {
namespace {

using Json = nlohmann::ordered_json;

Json result() {
  return {{"benchmark", "pad"},
          {"role", "test"},
          {"checkpoint", "runs/a"},
          {"num_samples", 90},
          {"scores", {{"auroc", std::numeric_limits<double>::quiet_NaN()}, {"top1", 0.51234567}}}};
}

TEST(ResultTable, ShowsScoresWithFourDigits) {
  EXPECT_EQ(result_table(result()),
            "pad (test): 90 images, runs/a\n"
            "  metric  score\n"
            "  auroc   -\n"
            "  top1    0.5123\n"
            "\n");
}

TEST(ResultTable, ShowsIntervalsAndScoresWithoutNearDuplicates) {
  Json full = result();
  full["intervals"] = {{"top1", {0.4, 0.6}}};
  full["leakage"] = {{"near_duplicates", 7}, {"scores_without", {{"top1", 0.25}}}};
  EXPECT_EQ(result_table(full),
            "pad (test): 90 images, runs/a\n"
            "  metric  score   95 % interval     without 7 near-duplicate(s)\n"
            "  auroc   -       -                 -\n"
            "  top1    0.5123  0.4000 to 0.6000  0.2500\n"
            "\n");
}

TEST(ResultTable, SaysWhyThereAreNoScoresWithoutNearDuplicates) {
  Json full = result();
  full["leakage"] = {
      {"near_duplicates", 90}, {"scores_without", nullptr}, {"reason", "all images are seen"}};
  EXPECT_EQ(result_table(full),
            "pad (test): 90 images, runs/a\n"
            "  metric  score\n"
            "  auroc   -\n"
            "  top1    0.5123\n"
            "  without near-duplicates: all images are seen\n"
            "\n");
}

TEST(ResultTable, SaysHowManyImagesAreLeftOut) {
  Json partial = result();
  partial["unreadable"] = {{"count", 0}};
  EXPECT_EQ(result_table(partial).find("pad (test): 90 images, runs/a\n"), 0u);
  partial["unreadable"]["count"] = 2;
  EXPECT_EQ(result_table(partial).find("pad (test): 90 images (2 more cannot be read), runs/a\n"),
            0u);
}

TEST(ResultTable, SaysHowAProbeWasFitted) {
  Json probe = result();
  probe["train"] = "pad_train";
  probe["shots"] = nullptr;
  probe["fraction"] = nullptr;
  EXPECT_EQ(result_table(probe).find("pad (test), linear probe of pad_train, all samples: 90"), 0u);
  probe["shots"] = 4;
  probe["repetitions"] = 5;
  probe["deviations"] = {{"top1", 0.01}};
  const std::string table = result_table(probe);
  EXPECT_EQ(table.find("pad (test), linear probe of pad_train, 4 sample(s) per class, 5 draw(s): "),
            0u);
  EXPECT_NE(table.find("deviation"), std::string::npos);
  EXPECT_NE(table.find("0.0100"), std::string::npos);
  probe["shots"] = nullptr;
  probe["fraction"] = 0.25;
  EXPECT_NE(result_table(probe).find(", 25 % of the samples, 5 draw(s)"), std::string::npos);
}

}  // namespace
}  // namespace dermatome
