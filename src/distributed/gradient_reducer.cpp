#include "src/distributed/gradient_reducer.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <string>
#include <utility>

#include "src/core/error.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

// Every gradient starts at a multiple of this many bytes, since kernels prefer aligned memory.
constexpr int64_t kAlignment = 64;

struct Bucket {
  at::Tensor values;  // [elements], every gradient of the bucket
  int64_t num_parameters = 0;
  int64_t num_missing = 0;  // gradients that the armed backward has not computed yet
  std::unique_ptr<PendingCollective> reduction;
};

struct Slot {
  at::Tensor parameter;
  at::Tensor gradient;  // view of its bucket
  size_t bucket = 0;
  bool ready = false;  // the armed backward has computed the gradient
};

}  // namespace

struct GradientReducer::State {
  Collectives& collectives;
  std::vector<Slot> slots;
  std::vector<Bucket> buckets;
  bool armed = false;
  size_t num_started = 0;  // buckets start in order

  explicit State(Collectives& used) : collectives(used) {}

  void start_next() {
    Bucket& bucket = buckets[num_started++];
    bucket.reduction = collectives.all_reduce_sum(
        bucket.values, text("gradient bucket ", num_started, " of ", buckets.size()));
  }

  void on_gradient(size_t index) {
    if (!armed) return;
    Slot& slot = slots[index];
    const std::string name = text("parameter ", index);
    require(!slot.ready, name + " got a second gradient after GradientReducer::arm()");
    require(in_place(slot), name + " lost its gradient's place in the bucket");
    slot.ready = true;
    --buckets[slot.bucket].num_missing;
    while (num_started < buckets.size() && buckets[num_started].num_missing == 0) start_next();
  }

  static bool in_place(const Slot& slot) {
    const at::Tensor& gradient = slot.parameter.grad();
    return gradient.defined() && gradient.data_ptr() == slot.gradient.data_ptr();
  }
};

namespace {

// Tells the reducer, if it still exists, that a parameter's gradient is complete.
template <typename State>
class GradientHook : public torch::autograd::PostAccumulateGradHook {
 public:
  GradientHook(std::weak_ptr<State> state, size_t index)
      : state_(std::move(state)), index_(index) {}

  void operator()(const at::Tensor& /*parameter*/) override {
    if (const auto state = state_.lock()) state->on_gradient(index_);
  }

 private:
  std::weak_ptr<State> state_;
  size_t index_;
};

// Where every parameter's gradient lies.
struct BucketLayout {
  std::vector<int64_t> sizes;   // elements of each bucket
  std::vector<size_t> bucket;   // bucket of each parameter
  std::vector<int64_t> offset;  // of each parameter in its bucket, in elements
};

BucketLayout lay_out(const std::vector<at::Tensor>& parameters, int64_t bucket_bytes) {
  BucketLayout layout;
  std::vector<int64_t>& sizes = layout.sizes;
  for (const at::Tensor& parameter : parameters) {
    const auto width = static_cast<int64_t>(parameter.element_size());
    const int64_t unit = kAlignment / width;
    const int64_t padded = (parameter.numel() + unit - 1) / unit * unit;
    if (sizes.empty() || (sizes.back() + padded) * width > bucket_bytes) sizes.push_back(0);
    layout.bucket.push_back(sizes.size() - 1);
    layout.offset.push_back(sizes.back());
    sizes.back() += padded;
  }
  return layout;
}

}  // namespace

std::vector<int64_t> bucket_sizes(const std::vector<at::Tensor>& parameters, int64_t bucket_bytes) {
  return lay_out(parameters, bucket_bytes).sizes;
}

GradientReducer::GradientReducer(std::vector<at::Tensor> parameters, Collectives& collectives,
                                 int64_t bucket_bytes)
    : state_(std::make_shared<State>(collectives)) {
  auto& slots = state_->slots;
  for (const at::Tensor& parameter : parameters) {
    require(parameter.is_leaf() && parameter.requires_grad() && parameter.is_contiguous() &&
                parameter.scalar_type() == parameters[0].scalar_type() &&
                parameter.device() == parameters[0].device(),
            "GradientReducer takes contiguous leaves that require gradients, of one dtype and "
            "device");
  }
  const BucketLayout layout = lay_out(parameters, bucket_bytes);
  for (size_t i = 0; i < parameters.size(); ++i) {
    slots.push_back({parameters[i], {}, layout.bucket[i], false});
  }
  for (const int64_t size : layout.sizes) {
    state_->buckets.push_back(
        {at::zeros({size}, parameters[0].options().requires_grad(false)), 0, 0, nullptr});
  }
  for (size_t i = 0; i < slots.size(); ++i) {
    Slot& slot = slots[i];
    Bucket& bucket = state_->buckets[slot.bucket];
    slot.gradient = bucket.values.narrow(0, layout.offset[i], slot.parameter.numel())
                        .view(slot.parameter.sizes());
    slot.parameter.mutable_grad() = slot.gradient;
    ++bucket.num_parameters;
    if (collectives.size() > 1) {
      torch::autograd::impl::set_post_acc_grad_hooks(
          slot.parameter, std::make_unique<GradientHook<State>>(state_, i));
    }
  }
}

GradientReducer::~GradientReducer() {
  if (state_->collectives.size() == 1) return;
  for (const Slot& slot : state_->slots) {
    torch::autograd::impl::set_post_acc_grad_hooks(slot.parameter, nullptr);
  }
}

void GradientReducer::zero() {
  for (Bucket& bucket : state_->buckets) bucket.values.zero_();
}

void GradientReducer::arm() {
  require(!state_->armed, "GradientReducer::arm() was called twice without finish()");
  state_->armed = true;
  state_->num_started = 0;
  for (Bucket& bucket : state_->buckets) bucket.num_missing = bucket.num_parameters;
  for (Slot& slot : state_->slots) slot.ready = false;
}

void GradientReducer::start_remaining() {
  require(state_->armed, "GradientReducer::start_remaining() was called without arm()");
  if (state_->collectives.size() == 1) return;
  while (state_->num_started < state_->buckets.size()) state_->start_next();
}

void GradientReducer::finish() {
  start_remaining();
  for (Bucket& bucket : state_->buckets) {
    if (bucket.reduction) bucket.reduction->wait();
    bucket.reduction.reset();
  }
  for (const Slot& slot : state_->slots) {
    require(State::in_place(slot), "a parameter lost its gradient's place in the bucket");
  }
  state_->armed = false;
}

}  // namespace dermatome
