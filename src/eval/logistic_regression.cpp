#include "src/eval/logistic_regression.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "src/core/error.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

constexpr double kTolerance = 1e-12;  // share of the objective that a step must promise to gain
constexpr int kMostSteps = 500;
constexpr int kMostProducts = 1000;  // with the Hessian, for one step

double sum_of_products(const at::Tensor& a, const at::Tensor& b) {
  return a.mul(b).sum().item<double>();
}

// c * sum of cross-entropies + strength * |W|^2 / 2 in the parameters [d + 1, K], weights above
// biases. It is strictly convex, except that a number added to all biases changes nothing. No
// gradient contains such a number: biases that start at zero always sum to zero.
class Problem {
 public:
  // labels in [0, K), every class with a sample.
  Problem(const at::Tensor& features, const at::Tensor& labels, int64_t num_classes)
      : inputs_(at::cat({features, at::ones({features.size(0), 1}, features.options())}, 1)),
        targets_(at::one_hot(labels, num_classes).to(at::kDouble)),
        penalized_(at::ones({inputs_.size(1), 1}, inputs_.options())) {
    penalized_[-1].fill_(0);
  }

  void weigh(double c, double strength) {
    c_ = c;
    strength_ = strength;
  }

  at::Tensor origin() const {
    return at::zeros({inputs_.size(1), targets_.size(1)}, inputs_.options());
  }

  // The best parameters whose weights are all 0: the biases give each class its share.
  at::Tensor without_weights() const {
    at::Tensor parameters = origin();
    const at::Tensor biases = targets_.mean(0).log();
    parameters[-1].copy_(biases - biases.mean());
    return parameters;
  }

  // The sum of the cross-entropies.
  double loss(const at::Tensor& parameters) const {
    return -sum_of_products(inputs_.mm(parameters).log_softmax(1), targets_);
  }

  double value(const at::Tensor& parameters) const {
    return c_ * loss(parameters) +
           strength_ / 2 * sum_of_products(parameters.square(), penalized_.expand_as(parameters));
  }

  // Also sets the place at which hessian() is taken.
  at::Tensor gradient(const at::Tensor& parameters) {
    probabilities_ = inputs_.mm(parameters).softmax(1);
    return c_ * inputs_.t().mm(probabilities_ - targets_) + strength_ * penalized_ * parameters;
  }

  at::Tensor hessian(const at::Tensor& direction) const {
    const at::Tensor change = probabilities_ * inputs_.mm(direction);
    const at::Tensor curved = change - probabilities_ * change.sum(1, /*keepdim=*/true);
    return c_ * inputs_.t().mm(curved) + strength_ * penalized_ * direction;
  }

 private:
  at::Tensor inputs_;         // [n, d + 1], the last column ones
  at::Tensor targets_;        // [n, K], a one in each row
  at::Tensor penalized_;      // [d + 1, 1], 0 for the biases
  at::Tensor probabilities_;  // [n, K]
  double c_ = 1;
  double strength_ = 1;
};

// Solves hessian * step = -gradient by conjugate gradients, until the residual's norm is `share` of
// the gradient's.
at::Tensor newton_step(const Problem& problem, const at::Tensor& gradient, double share) {
  at::Tensor step = at::zeros_like(gradient);
  at::Tensor residual = -gradient;
  at::Tensor direction = residual.clone();
  double squared = sum_of_products(residual, residual);
  const double enough = share * share * squared;
  for (int product = 0; product < kMostProducts && squared > enough; ++product) {
    const at::Tensor curved = problem.hessian(direction);
    const double curvature = sum_of_products(direction, curved);
    if (!(curvature > 0)) break;  // rounding: doubles cannot hold the curvature that is left
    const double length = squared / curvature;
    step.add_(direction, length);
    residual.sub_(curved, length);
    const double next = sum_of_products(residual, residual);
    direction = residual + next / squared * direction;
    squared = next;
  }
  return step;
}

// Moves `parameters` to the optimum of the problem; returns the objective there.
double minimize(Problem& problem, at::Tensor& parameters) {
  double value = problem.value(parameters);
  double first_norm = 0;
  for (int count = 0; count < kMostSteps; ++count) {
    const at::Tensor gradient = problem.gradient(parameters);
    const double norm = std::sqrt(sum_of_products(gradient, gradient));
    if (count == 0) first_norm = norm;
    if (norm == 0) return value;
    // The nearer the optimum, the more exact the solution: this converges faster than linearly.
    const double share = std::min(0.1, std::sqrt(norm / first_norm));
    const at::Tensor step = newton_step(problem, gradient, share);
    const double slope = sum_of_products(gradient, step);
    if (-slope / 2 <= kTolerance * value) return value;
    for (double length = 1;; length /= 2) {
      require(length > 1e-12, "no step lowers the objective of a logistic regression");
      const at::Tensor next = parameters + length * step;
      const double next_value = problem.value(next);
      if (next_value <= value + 1e-4 * length * slope) {
        parameters = next;
        value = next_value;
        break;
      }
    }
  }
  throw InternalError(text("a logistic regression has no optimum after ", kMostSteps, " steps"));
}

double weight_norm(const at::Tensor& parameters) {
  return parameters.narrow(0, 0, parameters.size(0) - 1).norm().item<double>();
}

// |W| <= |W|^2 / (2 r) + r / 2 for any r > 0, with equality at r = |W|: minimizing the right side
// and taking the |W| found for r, again and again, lowers the objective with the norm.
double minimize_with_norm(Problem& problem, at::Tensor& parameters, int64_t num_samples, double c) {
  constexpr double kSettled = 1e-7;  // of r, relative: the objective depends on its square
  constexpr double kZero = 1e-9;     // below this all weights are taken for zero
  const double share = 1 / static_cast<double>(num_samples);
  // Where the loss falls more slowly than the norm grows, the optimum has no weights at all.
  problem.weigh(share, 0);
  const at::Tensor flat = problem.without_weights();
  if (weight_norm(problem.gradient(flat)) <= 1 / (2 * c)) {
    parameters = flat;
    return share * problem.loss(flat);
  }
  double norm = 1;
  for (int count = 0; count < kMostSteps; ++count) {
    problem.weigh(share, 1 / (2 * c * norm));
    minimize(problem, parameters);
    const double found = weight_norm(parameters);
    const bool settled = std::abs(found - norm) <= kSettled * norm || found < kZero;
    norm = found;
    if (settled) return share * problem.loss(parameters) + norm / (2 * c);
  }
  throw InternalError(
      text("the weights of a logistic regression have not settled after ", kMostSteps, " rounds"));
}

}  // namespace

at::Tensor LinearClassifier::logits(const at::Tensor& features) const {
  return at::addmm(bias, features.to(at::kDouble), weight.t());
}

LinearClassifier fit_logistic_regression(const at::Tensor& features, const at::Tensor& labels,
                                         int64_t num_classes, double c, Penalty penalty) {
  require(features.dim() == 2 && labels.dim() == 1 && features.size(0) == labels.size(0) && c > 0,
          "logistic regression of features [n, d] and labels [n]");
  if (!features.isfinite().all().item<bool>()) {
    throw DataError("the features to fit a classifier to are not all finite");
  }
  // Classes without samples would only push their biases down without end.
  const auto [present, own, counts] =
      at::_unique2(labels, /*sorted=*/true, /*return_inverse=*/true);
  const int64_t num_present = present.size(0);
  if (num_present < 2) {
    throw DataError(text("the samples to fit a classifier to are of ", num_present,
                         " class; two are needed at least"));
  }
  Problem problem(features.to(at::kDouble), own, num_present);
  at::Tensor parameters = problem.origin();
  LinearClassifier classifier;
  if (penalty == Penalty::kSquared) {
    // The difference of two weights w / 2 and -w / 2 has twice the square that both have together.
    problem.weigh(c, num_present == 2 ? 2 : 1);
    classifier.objective = minimize(problem, parameters);
  } else {
    classifier.objective = minimize_with_norm(problem, parameters, features.size(0), c);
  }
  const at::TensorOptions options(at::kDouble);
  classifier.weight = at::zeros({num_classes, features.size(1)}, options);
  classifier.bias = at::full({num_classes}, -std::numeric_limits<double>::infinity(), options);
  classifier.weight.index_copy_(0, present, parameters.narrow(0, 0, features.size(1)).t());
  classifier.bias.index_copy_(0, present, parameters[-1]);
  return classifier;
}

}  // namespace dermatome
