#include "tests/support/operator_watch.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <memory>

namespace dermatome {
namespace {

thread_local const std::function<void(const at::RecordFunction&, bool)>* seeing = nullptr;
thread_local int num_kernels = 0;  // kernels that run at the moment, one within the other

struct InKernel : at::ObserverContext {
  InKernel() { ++num_kernels; }
  ~InKernel() override { --num_kernels; }
};

bool has_kernel(const at::RecordFunction& function) {
  const auto name = function.operator_name();
  const auto found = name ? c10::Dispatcher::singleton().findSchema(*name) : std::nullopt;
  return found && found->hasKernelForDispatchKey(c10::DispatchKey::CPU);
}

std::unique_ptr<at::ObserverContext> start(const at::RecordFunction& function) {
  if (seeing == nullptr) return nullptr;  // a thread of a collective, which inherits the callback
  (*seeing)(function, num_kernels > 0);
  return has_kernel(function) ? std::make_unique<InKernel>() : nullptr;
}

struct Callback {
  at::CallbackHandle handle = at::addThreadLocalCallback(
      at::RecordFunctionCallback(&start).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
  ~Callback() { at::removeCallback(handle); }
};

}  // namespace

void watch_operators(const std::function<void()>& work,
                     const std::function<void(const at::RecordFunction&, bool)>& see) {
  seeing = &see;
  const Callback callback;
  work();
}

}  // namespace dermatome
