// A step never makes the host wait for its device.
#include <ATen/ATen.h>
#include <ATen/core/function_schema.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/function.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "src/config/train_options.h"
#include "src/train/finite_watch.h"
#include "src/train/optimizer.h"
#include "src/train/train_step.h"
#include "tests/support/mpi_world.h"
#include "tests/support/operator_watch.h"
#include "tests/train/step_batch.h"

namespace dermatome {
namespace {

// Whether the caller waits for the end of a copy to or from a device. This is also seen on the CPU,
// where nothing is copied.
bool waits_for_copy(const at::RecordFunction& function) {
  if (std::string_view(function.name()) != "aten::to") return false;
  // The backward pass of a cast names the device that its tensor is already on.
  const auto node = torch::autograd::get_current_node();
  if (node && node->name() == "ToCopyBackward0") return false;
  const auto schema = function.operator_schema();
  const auto device = schema->argumentIndexWithName("device");
  const auto non_blocking = schema->argumentIndexWithName("non_blocking");
  const auto inputs = function.inputs();
  return device && !inputs[*device].isNone() && !inputs[*non_blocking].toBool();
}

// Whether the call indexes by a mask, so that the host must know how many elements it selects.
bool waits_for_mask(const at::RecordFunction& function) {
  const std::string_view name = function.name();
  if (name != "aten::index" && name != "aten::index_put_") return false;
  const auto indices = function.inputs()[1].toOptionalTensorVector();
  return std::ranges::any_of(indices, [](const std::optional<at::Tensor>& index) {
    return index && index->defined() && index->scalar_type() == at::kBool;
  });
}

// Whether the call repeats rows without an output size, so that the host must sum the repeats.
bool waits_for_repeats(const at::RecordFunction& function) {
  if (std::string_view(function.name()) != "aten::repeat_interleave") return false;
  const auto size = function.operator_schema()->argumentIndexWithName("output_size");
  return function.inputs()[*size].isNone();
}

// The operators that `work` calls and that would make the host wait if tensors were on a device.
// (This does not see whether the memory of a copy is pinned.)
std::vector<std::string> waits_of(const std::function<void()>& work) {
  static const std::set<std::string> kWaiting = {"aten::_local_scalar_dense",
                                                 "aten::nonzero",
                                                 "aten::equal",
                                                 "aten::masked_select",
                                                 "aten::_unique",
                                                 "aten::_unique2",
                                                 "aten::unique_dim",
                                                 "aten::unique_consecutive",
                                                 "aten::unique_dim_consecutive"};
  std::vector<std::string> seen;
  watch_operators(work, [&](const at::RecordFunction& function, bool in_kernel) {
    if (!in_kernel && (kWaiting.contains(function.name()) || waits_for_copy(function) ||
                       waits_for_mask(function) || waits_for_repeats(function))) {
      seen.emplace_back(function.name());
    }
  });
  return seen;
}

TEST(DeviceWaits, AreSeen) {
  const at::Tensor mask = at::ones({3}, at::kBool), numbers = at::ones({3}, at::kLong);
  at::Tensor target = numbers.clone();
  const std::map<std::string, std::function<void()>> calls = {
      {"item", [&] { mask.any().item<bool>(); }},
      {"is_nonzero", [&] { mask.any().is_nonzero(); }},
      {"equal", [&] { mask.equal(mask); }},
      {"to", [&] { mask.to(at::Device(at::kCPU)); }},
      {"nonzero", [&] { mask.nonzero(); }},
      {"where", [&] { at::where(mask); }},
      {"argwhere", [&] { mask.argwhere(); }},
      {"index", [&] { numbers.index({mask}); }},
      {"index_put_", [&] { target.index_put_({mask}, numbers); }},
      {"masked_select", [&] { numbers.masked_select(mask); }},
      {"_unique", [&] { at::_unique(numbers); }},
      {"_unique2", [&] { at::_unique2(numbers); }},
      {"unique_dim", [&] { at::unique_dim(numbers, 0); }},
      {"unique_consecutive", [&] { at::unique_consecutive(numbers); }},
      {"unique_dim_consecutive", [&] { at::unique_dim_consecutive(numbers, 0); }},
      {"repeat_interleave", [&] { numbers.repeat_interleave(numbers); }}};
  for (const auto& [name, call] : calls) {
    EXPECT_THAT(waits_of(call), testing::Not(testing::IsEmpty())) << name;
  }
}

TEST(DeviceWaits, NeverHappenInAStep) {
  const StepBatch global = make_step_batch(test_world().size, /*last_without_text=*/false);
  const auto group = make_test_group();
  Share own = own_share(global);
  // Images as bytes and kept patches, as the loader gives them with patch dropout.
  own.batch.images = (own.batch.images * 60).abs().to(at::kByte);
  own.batch.kept_patches = at::tensor({0, 3}, at::kLong).repeat({kSamplesPerRank, 1});
  for (const auto& [accum, checkpointed, precision] :
       {std::tuple(1, CheckpointedBlocks{}, Precision::kFp32),
        {3, CheckpointedBlocks{}, Precision::kFp32},
        {1, kEverything, Precision::kAmpBf16}}) {
    TrainOptions options;
    options.accum = accum;
    options.model.precision = precision;
    options.optimizer.clip_norm = 1;
    Clip model = make_model(checkpointed);
    TrainStep step(model, *group, options);
    AdamW optimizer(model.parameters(), options.optimizer);
    FiniteWatch watch(NonFinite::kFail, *group);
    const auto whole_step = [&] {
      const StepResult result = step.compute_gradients(own.batch, own.sizes);
      const at::Tensor norm = clip_gradient_norm(model.parameters(), options.optimizer.clip_norm);
      optimizer.step(1e-3, watch.check(1, result, norm, own.batch));
    };
    EXPECT_THAT(waits_of(whole_step), testing::IsEmpty()) << "accum " << options.accum;
  }
}

}  // namespace
}  // namespace dermatome
