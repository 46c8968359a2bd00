#include "src/eval/single_images.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace dermatome {
namespace {

BenchmarkOptions melanoma_or_nevus() {
  BenchmarkOptions options;
  options.classes = {{"mel", {"melanoma"}}, {"nevus", {"nevus"}}};
  options.templates = {"{}"};
  return options;
}

TEST(ImageRanking, OfAClassificationIsByCosine) {
  const auto ranking = classification_kind().ranking(melanoma_or_nevus());
  ASSERT_TRUE(ranking.has_value());
  EXPECT_THAT(ranking->prompts, testing::ElementsAre("melanoma", "nevus"));
  const auto ranked = ranking->rank(at::eye(2), at::eye(2));
  EXPECT_EQ(ranked[0][0].label, "mel");
  EXPECT_EQ(ranked[1][0].label, "nevus");
  EXPECT_NEAR(ranked[1][0].cosine, 1, 1e-6);
  EXPECT_FALSE(ranked[1][0].presence.has_value());
}

TEST(ImageRanking, OfConceptsIsByPresence) {
  BenchmarkOptions options = melanoma_or_nevus();
  options.references = {"skin"};
  const auto ranking = concepts_kind().ranking(options);
  ASSERT_TRUE(ranking.has_value());
  const auto ranked = ranking->rank(at::eye(3).slice(0, 1, 2), at::eye(3));
  EXPECT_EQ(ranked[0][0].label, "nevus");
  EXPECT_GT(*ranked[0][0].presence, 0.99);
  EXPECT_LT(*ranked[0][0].presence, 1.01);
  EXPECT_NEAR(*ranked[0][1].presence, 0.5, 1e-6);
}

TEST(ImageRanking, NeedsClasses) {
  EXPECT_FALSE(retrieval_kind().ranking(melanoma_or_nevus()).has_value());
}

TEST(SingleImages, ArePrintedAsTextAndAsJson) {
  const SingleImages found = {
      {"a.jpg"},
      "concepts",
      "a note",
      {{{"scale", "scaly skin", 0.25, 0.75}, {"ulcer", "ulcer", -0.5, 0.125}}}};
  EXPECT_EQ(as_text(found),
            "a.jpg\n"
            "  rank  presence   cosine\n"
            "     1    0.7500   0.2500  scale (scaly skin)\n"
            "     2    0.1250  -0.5000  ulcer\n"
            "a note\n");
  const auto lines = as_json(found, "signs", "model");
  ASSERT_EQ(lines.size(), 1);
  EXPECT_EQ(lines[0].dump(),
            R"({"image":"a.jpg","benchmark":"signs","checkpoint":"model","concepts":[)"
            R"({"rank":1,"label":"scale","name":"scaly skin","presence":0.75,"cosine":0.25},)"
            R"({"rank":2,"label":"ulcer","name":"ulcer","presence":0.125,"cosine":-0.5}],)"
            R"("note":"a note"})");
}

}  // namespace
}  // namespace dermatome
