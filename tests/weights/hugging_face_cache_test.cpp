#include "src/weights/hugging_face_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "src/core/file.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

// A cache with one model, of which there are two commits.
class HuggingFaceCache : public ::testing::Test {
 protected:
  HuggingFaceCache() : cache_(scratch_folder() / "hub"), entry_(cache_ / "models--org--a.model") {
    fs::create_directories(entry_ / "refs");
    for (const char* commit : {"c0ffee", "decade"}) {
      fs::create_directories(entry_ / "snapshots" / commit);
    }
    write_file_atomically(entry_ / "refs/main", "decade\n");
    write_file_atomically(entry_ / "refs/v1", "c0ffee");
    ::setenv("HF_HUB_CACHE", cache_.c_str(), 1);
  }
  ~HuggingFaceCache() override { ::unsetenv("HF_HUB_CACHE"); }

  fs::path cache_;
  fs::path entry_;
};

TEST_F(HuggingFaceCache, HoldsModelsByNameAndRevision) {
  EXPECT_TRUE(names_hub_model("hf-hub:org/a.model"));
  EXPECT_FALSE(names_hub_model("org/a.model"));
  EXPECT_EQ(find_cached_model("hf-hub:org/a.model"), entry_ / "snapshots/decade");
  EXPECT_EQ(find_cached_model("hf-hub:org/a.model@v1"), entry_ / "snapshots/c0ffee");
  EXPECT_EQ(find_cached_model("hf-hub:org/a.model@c0ffee"), entry_ / "snapshots/c0ffee");
}

TEST_F(HuggingFaceCache, HoldsModelsWithAndWithoutAnOrganization) {
  EXPECT_EQ(cached_model("org/a.model"), entry_ / "snapshots/decade");
  EXPECT_EQ(cached_model("org/b"), std::nullopt);
  fs::create_directories(cache_ / "models--bert/snapshots/facade");
  EXPECT_EQ(cached_model("bert"), cache_ / "models--bert/snapshots/facade");
}

TEST_F(HuggingFaceCache, NamesTheModelOfANameOrAPath) {
  EXPECT_EQ(hub_model_name("hf-hub:org/a.model"), "org/a.model");
  EXPECT_EQ(hub_model_name("hf-hub:org/a.model@v1"), "org/a.model");
  EXPECT_EQ(hub_model_name((entry_ / "snapshots/decade").string()), "org/a.model");
  EXPECT_EQ(hub_model_name("runs/first"), "");
  EXPECT_EQ(hub_model_name("models--org"), "");
}

TEST_F(HuggingFaceCache, AnswersAMissingModelWithTheCommandThatDownloadsIt) {
  EXPECT_THAT(
      error_of([] { find_cached_model("hf-hub:org/b"); }),
      AllOf(HasSubstr("hf-hub:org/b is not in Hugging Face's cache, " + cache_.string()),
            HasSubstr("run: hf download org/b "), HasSubstr("huggingface-cli download org/b")));
  EXPECT_THAT(error_of([] { find_cached_model("hf-hub:org/a.model@v2"); }),
              HasSubstr("hf download org/a.model --revision v2"));
}

TEST_F(HuggingFaceCache, RefusesOtherForms) {
  for (const char* name : {"hf-hub:", "hf-hub:b", "hf-hub:org/", "hf-hub:a/b/c", "hf-hub:a/b@"}) {
    EXPECT_THAT(error_of([&] { find_cached_model(name); }), HasSubstr("is not of the form"))
        << name;
  }
}

TEST_F(HuggingFaceCache, LiesWhereTheEnvironmentSays) {
  ::unsetenv("HF_HUB_CACHE");
  ::setenv("HF_HOME", cache_.parent_path().c_str(), 1);
  EXPECT_EQ(find_cached_model("hf-hub:org/a.model"), entry_ / "snapshots/decade");
  ::unsetenv("HF_HOME");
}

TEST_F(HuggingFaceCache, AnEntryWithoutReferencesHasOneSnapshot) {
  fs::remove_all(entry_ / "refs");
  EXPECT_FALSE(snapshot_of(entry_));
  fs::remove(entry_ / "snapshots/decade");
  EXPECT_EQ(snapshot_of(entry_), entry_ / "snapshots/c0ffee");
  EXPECT_FALSE(snapshot_of(cache_));
}

}  // namespace
}  // namespace dermatome
