#include "src/train/step_log.h"

#include <ATen/ATen.h>

#include <cmath>

#include "src/train/peak_memory.h"

namespace dermatome {

StepLog::StepLog(const RunLength& length, int64_t global_batch, const Clip& model, RunLog* log)
    : length_(length), global_batch_(global_batch), model_(model), log_(log) {}

void StepLog::begin(int64_t steps_done) {
  if (log_ == nullptr) return;
  progress_.emplace("steps", length_.total_steps);
  progress_->add(steps_done, /*skipped=*/true);
  restart();
}

void StepLog::add(double data_seconds) {
  if (progress_) progress_->add(1);
  ++since_.steps;
  since_.data_seconds += data_seconds;
}

void StepLog::report(int64_t step, const ObjectiveResult& result, const at::Tensor& gradient_norm,
                     double lr) {
  StepReport report;
  report.step = step;
  report.total_steps = length_.total_steps;
  report.epoch = (step - 1) / length_.steps_per_epoch;
  report.step_in_epoch = (step - 1) % length_.steps_per_epoch + 1;
  report.steps_per_epoch = length_.steps_per_epoch;
  report.global_batch = global_batch_;
  report.values = values_on_host(result);
  report.lr = lr;
  report.logit_scale = std::exp(model_.logit_scale().item<double>());
  report.gradient_norm = gradient_norm.item<double>();
  const auto steps = static_cast<double>(since_.steps);
  report.data_seconds = since_.data_seconds / steps;
  report.step_seconds = seconds_since(since_.start) / steps;
  restart();
  if (log_ == nullptr) return;
  report.memory_mib = peak_memory_mib(gradient_norm.device());
  log_->step(report);
  if (progress_) progress_->told();
}

}  // namespace dermatome
