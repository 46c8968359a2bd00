#include "src/report/retrieved.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace dermatome {
namespace {

Example record(int64_t row, const std::string& raw_caption) {
  Example example;
  example.row = row;
  if (!raw_caption.empty()) example.captions.push_back({"caption", raw_caption, 0});
  return example;
}

// Four records in the plane. The second and the last share a caption, the third has none.
class Retrieved : public testing::Test {
 protected:
  static at::Tensor at_angles(const std::vector<double>& degrees) {
    const at::Tensor angle = at::tensor(degrees, at::kFloat) * (3.14159265 / 180);
    return at::stack({angle.cos(), angle.sin()}, 1);
  }

  std::vector<Example> records_ = {record(3, "mole"), record(14, "scar"), record(20, ""),
                                   record(31, "scar")};
  EncodedExamples encoded_{at_angles({0, 90, 40, 20}), {}, at_angles({30, 80, 80}), {0, 1, 2, 2}};
};

TEST_F(Retrieved, ImagesOfACaption) {
  const nlohmann::json found = retrieve(records_, encoded_, {0, 1});
  EXPECT_EQ(found["images"], 4);
  EXPECT_EQ(found["captions"], 2);
  const nlohmann::json& mole = found["by_caption"][0];
  EXPECT_EQ(mole["text"], "mole");
  // The caption is at 30 degrees. The images at 20 and 40 are nearer than its own image at 0.
  EXPECT_EQ(mole["rank"], 3);
  EXPECT_EQ(mole["tied"], 0);
  EXPECT_EQ(mole["hits"][2]["row"], 3);
  EXPECT_EQ(mole["hits"][2]["own"], true);
  EXPECT_EQ(mole["hits"][2]["cosine"], 0.866);
  // Both images with this caption are its own; the best rank counts.
  const nlohmann::json& scar = found["by_caption"][1];
  EXPECT_EQ(scar["rank"], 1);
  EXPECT_EQ(scar["hits"][0]["row"], 14);
  EXPECT_EQ(scar["hits"][2]["row"], 31);
  EXPECT_EQ(scar["hits"][2]["own"], true);
}

TEST_F(Retrieved, CaptionsOfAnImage) {
  const nlohmann::json found = retrieve(records_, encoded_, {3, 2, 0});
  // The record without a raw caption is no query.
  ASSERT_EQ(found["by_image"].size(), 2u);
  EXPECT_EQ(found["by_image"][0]["row"], 31);
  EXPECT_EQ(found["by_image"][0]["rank"], 2);
  EXPECT_EQ(found["by_image"][0]["hits"][0]["text"], "mole");
  EXPECT_EQ(found["by_image"][1]["rank"], 1);
}

TEST_F(Retrieved, EqualCosinesCountAgainstTheOwnCaption) {
  encoded_.text = at_angles({30, 30, 30});
  const nlohmann::json found = retrieve(records_, encoded_, {0});
  const nlohmann::json& mole = found["by_image"][0];
  EXPECT_EQ(mole["rank"], 2);
  EXPECT_EQ(mole["tied"], 1);
  EXPECT_EQ(mole["hits"][0]["tied"], false);  // its own
  EXPECT_EQ(mole["hits"][1]["tied"], true);
}

TEST_F(Retrieved, NothingWithoutQueriesOrCaptions) {
  EXPECT_TRUE(retrieve(records_, encoded_, {})["by_caption"].empty());
  encoded_.text = at::empty({0, 2});
  EXPECT_TRUE(retrieve({records_[2]}, encoded_, {0})["by_caption"].empty());
}

}  // namespace
}  // namespace dermatome
