// The activations between the two layers of a block's MLP.
#pragma once

namespace dermatome {

enum class Activation {
  kGelu,       // x Phi(x), Phi: the standard normal distribution
  kQuickGelu,  // x sigmoid(1.702 x), of OpenAI's models
  kTanhGelu,   // GELU by its approximation with tanh
};

}  // namespace dermatome
