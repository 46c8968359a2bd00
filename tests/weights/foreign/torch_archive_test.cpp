#include "src/weights/foreign/torch_archive.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "src/core/error.h"
#include "tests/support/scratch_folder.h"
#include "tests/weights/foreign/torch_file.h"

namespace dermatome {
namespace {

using ::testing::HasSubstr;

// The bytes of a storage of 0, 1, 2, … in fp32.
std::string floats(int64_t count) {
  const at::Tensor values = at::arange(count, at::kFloat);
  return {static_cast<const char*>(values.const_data_ptr()), values.nbytes()};
}

class TorchFile : public ::testing::Test {
 protected:
  // Writes and reads an archive with the pickle of `value` and a storage "0" of six floats.
  std::map<std::string, at::Tensor> read(const std::string& value, Members more = {}) {
    more.emplace("data.pkl", pickle_of(value));
    more.emplace("data/0", floats(6));
    write_torch_file(path_, more);
    return read_torch_archive(path_);
  }

  void expect_refused(const std::string& value, const std::string& reason,
                      const Members& more = {}) {
    try {
      read(value, more);
      FAIL() << "accepted an archive that should be refused with: " << reason;
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), HasSubstr(path_.string()));
      EXPECT_THAT(error.what(), HasSubstr(reason));
    }
  }

  void expect_tensor_refused(const std::string& tensor, const std::string& reason) {
    expect_refused(pickled_dict({pickled_text("bad"), tensor}), reason);
  }

  std::filesystem::path path_ = scratch_folder() / "weights.pt";
  const std::string storage_ = pickled_storage("0", 6);
  const std::string whole_ = pickled_tensor(storage_, 0, {2, 3}, {3, 1});
};

TEST_F(TorchFile, ViewsOfOneStorageComeBack) {
  const auto tensors =
      read(pickled_dict({pickled_text("whole"), whole_, pickled_text("turned"),
                         pickled_tensor(storage_, 0, {3, 2}, {1, 3}), pickled_text("end"),
                         pickled_tensor(storage_, 4, {2}, {1}), pickled_text("one"),
                         pickled_tensor(storage_, 5, {}, {})}));

  const at::Tensor values = at::arange(6, at::kFloat);
  ASSERT_EQ(tensors.size(), 4);
  EXPECT_TRUE(at::equal(tensors.at("whole"), values.view({2, 3})));
  EXPECT_TRUE(at::equal(tensors.at("turned"), values.view({2, 3}).t()));
  EXPECT_TRUE(at::equal(tensors.at("end"), values.slice(0, 4)));
  EXPECT_TRUE(at::equal(tensors.at("one"), values[5]));
}

TEST_F(TorchFile, OfACheckpointOnlyTheStateDictIsRead) {
  const auto tensors =
      read(pickled_dict({pickled_text("epoch"), pickled_number(3), pickled_text("optimizer"),
                         pickled_dict({pickled_text("missing"),
                                       pickled_tensor(pickled_storage("7", 100), 0, {100}, {1})}),
                         pickled_text("state_dict"), pickled_dict({pickled_text("w"), whole_})}));
  ASSERT_EQ(tensors.size(), 1);
  EXPECT_TRUE(tensors.contains("w"));
}

TEST_F(TorchFile, OfAScriptModuleTheTensorsInModulesAreRead) {
  const auto object = [](const std::vector<std::string>& attributes) {
    return pickled_name("__torch__.some", "Class") + ")\x81" + pickled_dict(attributes) + "b";
  };
  const std::string module =
      object({pickled_text("training"), "\x88", pickled_text("inner"),
              object({pickled_text("w"), whole_, pickled_text("hook"), "N"})});
  const auto tensors = read(module, {{"constants.pkl", pickle_of(")")}});
  ASSERT_EQ(tensors.size(), 1);
  EXPECT_TRUE(tensors.contains("inner.w"));
}

TEST_F(TorchFile, ModulesInCirclesAreRefused) {
  const std::string object = pickled_name("__torch__.some", "Class") + ")\x81q" +
                             std::string(1, '\0') + "}(" + pickled_text("a") + "h" +
                             std::string(1, '\0') + pickled_text("b") + "h" + std::string(1, '\0') +
                             "ub";
  expect_refused(object, "too many modules", {{"constants.pkl", pickle_of(")")}});
}

TEST_F(TorchFile, TensorsBeyondTheirStorageAreRefused) {
  const auto tensor = [&](int64_t offset, const std::vector<int64_t>& sizes,
                          const std::vector<int64_t>& strides) {
    return pickled_tensor(storage_, offset, sizes, strides);
  };
  expect_tensor_refused(tensor(1, {2, 3}, {3, 1}), "reaches to element 6");
  expect_tensor_refused(tensor(0, {2, 3}, {4, 1}), "reaches to element 6");
  expect_tensor_refused(tensor(6, {}, {}), "reaches to element 6");
  expect_tensor_refused(tensor(0, {7}, {0}), "of 7 elements");
  expect_tensor_refused(tensor(0, {3, 3}, {1, 1}), "of 9 elements");
  expect_tensor_refused(tensor(0, {1LL << 40, 1LL << 40}, {0, 0}), "larger than any memory");
  expect_tensor_refused(tensor(0, {3}, {INT64_MAX}), "larger than any memory");
  expect_tensor_refused(tensor(INT64_MAX, {2}, {1}), "larger than any memory");
  expect_tensor_refused(tensor(-1, {2}, {1}), "not a whole number of at least 0");
  expect_tensor_refused(tensor(5, {2}, {-1}), "not a whole number of at least 0");
  expect_tensor_refused(tensor(0, {-2}, {1}), "not a whole number of at least 0");
  expect_tensor_refused(tensor(0, {2, 3}, {1}), "as many strides");
  expect_tensor_refused(tensor(0, {0}, {1}), "is empty");
  expect_tensor_refused(tensor(0, std::vector<int64_t>(9, 1), std::vector<int64_t>(9, 1)),
                        "sizes or strides");
}

TEST_F(TorchFile, StoragesThatDoNotFitAreRefused) {
  const auto tensor = [](const std::string& storage) {
    return pickled_tensor(storage, 0, {2}, {1});
  };
  expect_tensor_refused(tensor(pickled_storage("1", 6)), "holds no \"archive/data/1\"");
  expect_tensor_refused(tensor(pickled_storage("../0", 6)), "holds no");
  expect_tensor_refused(tensor(pickled_storage("0", 7)), "claims a storage of 7");
  expect_tensor_refused(tensor(pickled_storage("0", 6, "DoubleStorage")), "claims a storage of 6");
  expect_tensor_refused(tensor(pickled_storage("0", 1LL << 62)), "claims a storage");
  expect_tensor_refused(tensor("N"), "has no storage");
  expect_tensor_refused(
      tensor(pickled_tuple({pickled_text("storage"), "NN", pickled_text("cpu"), "N"}) + "Q"),
      "has no storage");
  expect_refused(pickled_dict({pickled_text("a"), whole_, pickled_text("b"),
                               tensor(pickled_storage("0", 12, "HalfStorage"))}),
                 "differently from another");
}

TEST_F(TorchFile, OtherValuesThanAStateDictAreRefused) {
  expect_refused("N", "holds no state dict");
  expect_refused(whole_, "holds no state dict");
  expect_refused(pickled_dict({pickled_text("epoch"), pickled_number(3)}),
                 "its \"epoch\" is no tensor");
  expect_refused(pickled_dict({pickled_number(3), whole_}), "not a name");
  expect_refused(pickled_dict({pickled_text("a"), whole_, pickled_text("a"), whole_}),
                 "is there twice");
  expect_refused(pickled_dict({pickled_text("a"), whole_}), "holds no state dict",
                 {{"constants.pkl", pickle_of(")")}});
  expect_refused(pickled_dict({}), "big-endian", {{"byteorder", "big"}});
  write_torch_file(path_, {{"other", "x"}});
  EXPECT_THROW(read_torch_archive(path_), DataError);
}

TEST_F(TorchFile, CodeIsNamedAndNotExecuted) {
  expect_refused(pickled_dict({pickled_text("w"), pickled_name("os", "system") +
                                                      pickled_tuple({pickled_text("true")}) + "R"}),
                 "names \"os.system\"");
}

}  // namespace
}  // namespace dermatome
