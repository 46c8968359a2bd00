#include "src/train/finite_watch.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "src/config/optimizer_options.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

// Sample ids that a rank contributes to a message.
constexpr int64_t kMaxIds = 16;
// This many bad steps in a row end a run that skips bad steps: their cause will not go away.
constexpr int64_t kTooManyInARow = 10;

// "5, 77 and 3 more"
std::string list(const int64_t* ids, int64_t count) {
  std::string listed;
  for (int64_t i = 0; i < std::min(count, kMaxIds); ++i) {
    listed += text(i == 0 ? "" : ", ", ids[i]);
  }
  return count > kMaxIds ? text(listed, " and ", count - kMaxIds, " more") : listed;
}

}  // namespace

FiniteWatch::FiniteWatch(NonFinite policy, Collectives& collectives)
    : policy_(policy), collectives_(collectives) {}

at::Tensor FiniteWatch::check(int64_t step, const StepResult& result,
                              const at::Tensor& gradient_norm, const Batch& batch) {
  at::Tensor bad =
      (result.objective.total.isfinite() & gradient_norm.isfinite()).logical_not().to(at::kFloat);
  seen_.push_back({step, bad, result.finite_samples, batch.sample_ids});
  if (policy_ == NonFinite::kSkip) return bad;
  failed_ = failed_.defined() ? at::maximum(failed_, bad) : bad;
  return failed_;
}

// Names the samples of a bad step. Every rank sends one row: how many of its samples have
// embeddings that are not finite, the size of its batch, and the ids of these samples, or of the
// whole batch if it has none.
std::string FiniteWatch::describe(const Seen& seen) {
  const at::Tensor bad_samples = seen.finite_samples.cpu().logical_not();
  std::vector<int64_t> suspects;
  for (size_t i = 0; i < seen.sample_ids.size(); ++i) {
    if (bad_samples[static_cast<int64_t>(i)].item<bool>()) suspects.push_back(seen.sample_ids[i]);
  }
  const auto num_suspects = static_cast<int64_t>(suspects.size());
  const std::vector<int64_t>& ids = suspects.empty() ? seen.sample_ids : suspects;
  at::Tensor own = at::zeros({1, 2 + kMaxIds}, at::kLong);
  auto* row = own.mutable_data_ptr<int64_t>();
  row[0] = num_suspects;
  row[1] = static_cast<int64_t>(seen.sample_ids.size());
  std::copy_n(ids.begin(), std::min<size_t>(ids.size(), kMaxIds), row + 2);
  own = own.to(seen.bad.device());
  at::Tensor all = at::empty({collectives_.size(), own.size(1)}, own.options());
  collectives_.all_gather(all, own, "samples of a step that is not finite")->wait();
  all = all.cpu();

  const bool anywhere = all.select(1, 0).sum().item<int64_t>() > 0;
  std::string message = anywhere ? "embeddings that are not finite:"
                                 : "all embeddings are finite, so a gradient is not; the batch:";
  for (int rank = 0; rank < collectives_.size(); ++rank) {
    const auto* theirs = all[rank].const_data_ptr<int64_t>();
    const int64_t count = anywhere ? theirs[0] : theirs[1];
    if (count == 0) continue;
    message += text(" rank ", rank, ", samples ", list(theirs + 2, count), ";");
  }
  message.pop_back();
  return message;
}

void FiniteWatch::report() {
  const std::vector<Seen> seen = std::exchange(seen_, {});
  if (seen.empty()) return;
  std::vector<at::Tensor> flags;
  flags.reserve(seen.size());
  for (const Seen& each : seen) flags.push_back(each.bad);
  const at::Tensor bad = at::stack(flags).cpu();
  int64_t longest = 0;
  for (int64_t i = 0; i < bad.size(0); ++i) {
    bad_in_a_row_ = bad[i].item<float>() == 0 ? 0 : bad_in_a_row_ + 1;
    longest = std::max(longest, bad_in_a_row_);
  }
  if (longest == 0) return;
  const bool too_many = longest >= kTooManyInARow;
  for (int64_t i = 0; i < bad.size(0); ++i) {
    if (bad[i].item<float>() == 0) continue;
    const Seen& step = seen[static_cast<size_t>(i)];
    const std::string what =
        text("the loss or a gradient is not finite at step ", step.step, " (", describe(step), ")");
    if (policy_ == NonFinite::kFail || too_many) {
      throw DataError(
          text(what, too_many ? text(", and ", longest, " steps in a row were not") : "",
               "; look at these samples, lower optimizer.lr or set optimizer.clip_norm. The "
               "checkpoints hold finite weights"));
    }
    if (collectives_.rank() == 0) log_warning(what + "; skipped");
  }
}

void check_finite_weights(const Clip& model, int64_t step) {
  std::vector<at::Tensor> weights;
  for (const auto& parameter : model.parameters()) weights.push_back(parameter.value.detach());
  if (at::stack(at::_foreach_norm(weights)).isfinite().all().item<bool>()) return;
  throw DataError(
      text("the weights are not finite at step ", step,
           ", so no checkpoint is written; lower optimizer.lr or set optimizer.clip_norm, and "
           "continue from the last checkpoint"));
}

}  // namespace dermatome
