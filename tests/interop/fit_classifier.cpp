// fit_classifier IN OUT CLASSES C squared|norm: fits a classifier to the tensors `features` and
// `labels` of IN and writes its weight, bias, objective and the logits of IN's `others`, for
// scikit_learn_test.py.
#include <ATen/ATen.h>

#include <cstdio>
#include <exception>
#include <string>

#include "src/eval/logistic_regression.h"
#include "src/weights/safetensors.h"

int main(int argc, char** argv) {
  using namespace dermatome;
  if (argc != 6) {
    std::fprintf(stderr, "usage: fit_classifier IN OUT CLASSES C squared|norm\n");
    return 2;
  }
  try {
    const auto tensors = read_safetensors(argv[1]);
    const LinearClassifier classifier = fit_logistic_regression(
        tensors.at("features"), tensors.at("labels"), std::stoll(argv[3]), std::stod(argv[4]),
        argv[5] == std::string("norm") ? Penalty::kNorm : Penalty::kSquared);
    write_safetensors(argv[2], {{"weight", classifier.weight},
                                {"bias", classifier.bias},
                                {"objective", at::scalar_tensor(classifier.objective, at::kDouble)},
                                {"logits", classifier.logits(tensors.at("others"))}});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
