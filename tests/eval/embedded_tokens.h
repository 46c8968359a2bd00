// Measures the work of a text tower: counts the tokens that it looks up.
#pragma once

#include <ATen/record_function.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

namespace dermatome {

// Counts the tokens that all threads look up in embeddings while the object lives. Only one object
// may live at a time.
class EmbeddedTokens {
 public:
  EmbeddedTokens() {
    count_ = 0;
    at::RecordFunctionCallback callback(&EmbeddedTokens::see);
    callback.needsInputs(true).scopes({at::RecordScope::FUNCTION});
    handle_ = at::addGlobalCallback(callback);
  }
  ~EmbeddedTokens() { at::removeCallback(handle_); }
  EmbeddedTokens(const EmbeddedTokens&) = delete;
  EmbeddedTokens& operator=(const EmbeddedTokens&) = delete;

  int64_t count() const { return count_; }

 private:
  static std::unique_ptr<at::ObserverContext> see(const at::RecordFunction& function) {
    if (std::string_view(function.name()) == "aten::embedding") {
      count_ += function.inputs()[1].toTensor().numel();
    }
    return nullptr;
  }

  static inline std::atomic<int64_t> count_ = 0;
  at::CallbackHandle handle_ = 0;
};

}  // namespace dermatome
