#include "src/distributed/process_group.h"

#include <ATen/ATen.h>
#include <c10/util/Exception.h>

#include <iomanip>
#include <sstream>
#include <utility>
#include <vector>

#include "src/core/clock.h"
#include "src/core/error.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

[[noreturn]] void fail(const std::string& operation, Clock::time_point start,
                       const std::string& cause) {
  std::ostringstream seconds;
  seconds << std::setprecision(3) << seconds_since(start);
  throw CommunicationError(
      text(operation, " failed after ", seconds.str(), " s: ", first_line(cause),
           ". A peer failed, hangs or cannot be reached: look for the first error "
           "of another rank"));
}

// The one place where errors of the backend become CommunicationError.
template <typename Action>
auto guarded(const std::string& operation, Clock::time_point start, const Action& action) {
  try {
    return action();
  } catch (const c10::Error& error) {
    fail(operation, start, error.what_without_backtrace());
  } catch (const std::exception& error) {
    fail(operation, start, error.what());
  }
}

class PendingWork : public PendingCollective {
 public:
  PendingWork(c10::intrusive_ptr<c10d::Work> work, std::string operation, Clock::time_point start)
      : work_(std::move(work)), operation_(std::move(operation)), start_(start) {}

  void wait() override {
    // Without work the tensors were empty, and nothing was sent.
    if (work_) guarded(operation_, start_, [this] { work_->wait(); });
  }

 private:
  c10::intrusive_ptr<c10d::Work> work_;
  std::string operation_;
  Clock::time_point start_;
};

class ProcessGroup : public Collectives {
 public:
  ProcessGroup(c10::intrusive_ptr<c10d::Backend> backend, std::string name, c10::DeviceType device)
      : backend_(std::move(backend)), name_(std::move(name)), device_(device) {}

  int rank() const override { return backend_->getRank(); }
  int size() const override { return backend_->getSize(); }

  std::unique_ptr<PendingCollective> all_gather(at::Tensor output, const at::Tensor& input,
                                                const std::string& what) override {
    const std::string operation = describe("all-gather", input, what);
    check(output, operation);
    check(input, operation);
    require(output.scalar_type() == input.scalar_type() && input.dim() > 0 &&
                output.dim() == input.dim() && output.size(0) == size() * input.size(0) &&
                output.sizes().slice(1) == input.sizes().slice(1),
            text(operation, ": the output does not hold ", size(), " inputs"));
    at::Tensor source = input;
    return start(operation, input, [&] { return backend_->_allgather_base(output, source); });
  }

  std::unique_ptr<PendingCollective> all_reduce_sum(at::Tensor values,
                                                    const std::string& what) override {
    const std::string operation = describe("all-reduce", values, what);
    check(values, operation);
    std::vector<at::Tensor> tensors = {values};
    return start(operation, values, [&] { return backend_->allreduce(tensors); });
  }

  void broadcast(at::Tensor values, int root, const std::string& what) override {
    const std::string operation = describe("broadcast", values, what);
    check(values, operation);
    std::vector<at::Tensor> tensors = {values};
    c10d::BroadcastOptions options;
    options.rootRank = root;
    start(operation, values, [&] { return backend_->broadcast(tensors, options); })->wait();
  }

  void barrier(const std::string& what) override {
    at::Tensor one = at::ones({1}, at::TensorOptions().dtype(at::kInt).device(device_));
    const std::string operation = describe("barrier", one, what);
    std::vector<at::Tensor> tensors = {one};
    start(operation, one, [&] { return backend_->allreduce(tensors); })->wait();
    // Reading the value makes the host wait for the device, too.
    require(one.item<int>() == size(), operation + ": wrong number of ranks");
  }

 private:
  std::string describe(const std::string& name, const at::Tensor& tensor,
                       const std::string& what) const {
    std::ostringstream text;
    text << "rank " << rank() << " of " << size() << ", group " << name_ << ": " << name << " of "
         << what << " " << tensor.sizes() << " " << tensor.dtype().name();
    return text.str();
  }

  void check(const at::Tensor& tensor, const std::string& operation) const {
    require(tensor.is_contiguous(), operation + ": a tensor is not contiguous");
    require(tensor.device().type() == device_, operation + ": a tensor is on another device");
  }

  template <typename Launch>
  std::unique_ptr<PendingCollective> start(const std::string& operation, const at::Tensor& tensor,
                                           const Launch& launch) {
    const auto now = Clock::now();
    c10::intrusive_ptr<c10d::Work> work;
    if (tensor.numel() > 0) work = guarded(operation, now, launch);
    return std::make_unique<PendingWork>(std::move(work), operation, now);
  }

  c10::intrusive_ptr<c10d::Backend> backend_;
  std::string name_;
  c10::DeviceType device_;
};

}  // namespace

void guard_communication(const std::string& operation, const std::function<void()>& action) {
  guarded(operation, Clock::now(), action);
}

std::unique_ptr<Collectives> make_process_group_collectives(
    c10::intrusive_ptr<c10d::Backend> backend, std::string name, c10::DeviceType device) {
  return std::make_unique<ProcessGroup>(std::move(backend), std::move(name), device);
}

}  // namespace dermatome
