#include "src/report/score_order.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace dermatome {
namespace {

using nlohmann::json;

json evaluation(const json& more, const json& scores) {
  json line = {{"benchmark", "skin"}, {"scores", scores}};
  line.update(more);
  return line;
}

TEST(ScoresBetterLow, AreThoseOfTheBenchmarksKind) {
  const json scores = {{"image_to_text_R@1", 0.5}, {"image_to_text_mean_rank", 7}};
  const json found = {{"skin", {"image_to_text_mean_rank"}}};
  EXPECT_EQ(
      scores_better_low(json::object(), json::array({evaluation({{"kind", "retrieval"}}, scores)})),
      found);
  EXPECT_EQ(scores_better_low(json::object(),
                              json::array({evaluation({{"kind", "classification"}}, scores)})),
            json::object());
  // A failure names no kind.
  EXPECT_EQ(scores_better_low(json::object(),
                              json::array({evaluation({{"kind", "retrieval"}}, scores),
                                           evaluation({{"failure", "no image"}}, json::object())})),
            found);
}

TEST(ScoresBetterLow, OfValidationAloneAreThoseOfAnyKind) {
  const json validation = {{"skin", {{"step", {1}}, {"top1", {0.5}}}},
                           {"captions", {{"step", {1}}, {"text_to_image_median_rank", {3}}}}};
  const json found = {{"captions", {"text_to_image_median_rank"}}};
  EXPECT_EQ(scores_better_low(validation, json::array()), found);
}

}  // namespace
}  // namespace dermatome
