// A whole batch, evaluated by the plain objective and by the real one, in the same terms.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "src/config/objective_options.h"
#include "src/distributed/collectives.h"
#include "src/objective/objective.h"

namespace dermatome {

struct WholeBatch {
  at::Tensor image;    // [B, d]
  at::Tensor text;     // [B*N, d]: row i * N + k is caption k of sample i
  at::Tensor patches;  // [B, P, d]
  at::Tensor mask;     // [B, N], 0 or 1, of any dtype
  double scale = 1;    // of cosines
  ObjectiveOptions options;
};

// Unit features in clusters, one a sample, with a third of the captions missing, samples without
// raw caption, one without any caption, and captions that repeat within and between samples.
// float64.
WholeBatch random_batch(int64_t num_samples, int64_t num_captions, uint64_t seed);

// random_batch()s of 9 samples in which no sample has a raw caption, an ontology caption, a
// visual-concept caption, or a subcaption; by the name of what is missing.
std::map<std::string, WholeBatch> batches_without_an_aspect(uint64_t seed);

// `batch` with its features in `type`.
WholeBatch in_type(WholeBatch batch, at::ScalarType type);

// float64, but representable in bf16. A sample has one patch, which is its local vector: whatever
// selects it, a single patch has weight 1 and no gradient through that weight.
WholeBatch bf16_batch(const ObjectiveOptions& options);

// total mkcl slra i2t t2i weights local grad_image grad_text grad_patch grad_scale; of plain CLIP
// without mkcl, slra and weights.
using NamedValues = std::map<std::string, at::Tensor>;

NamedValues evaluate_plainly(const WholeBatch& batch);

// How captions become texts: each its own, or equal ones shared and, where they are no negatives,
// missing ones left out.
enum class Texts { kSeparate, kShared };

// The real objective, as create_objective() gives it; rank r of `collectives` holds the next
// samples_per_rank[r] samples. A collective call; every rank returns the whole batch's values. The
// gradient of a shared text is found in the first row of those that share it, the others are 0.
NamedValues evaluate_on_ranks(const WholeBatch& batch, Texts texts, Collectives& collectives,
                              const std::vector<int64_t>& samples_per_rank);
// On this process alone.
NamedValues evaluate(const WholeBatch& batch, Texts texts);
// The same of any objective. Of batch.options it decides which captions become texts.
NamedValues evaluate_on_ranks(const WholeBatch& batch, Texts texts, Collectives& collectives,
                              const std::vector<int64_t>& samples_per_rank,
                              const Objective& objective);

// `values` with the gradients of equal texts of the whole batch added up (in their first row), the
// only thing that can be compared when texts are shared.
NamedValues with_shared_text_gradients(NamedValues values, const WholeBatch& batch);

// Fails the current test for every value that is missing or whose relative difference exceeds
// `tolerance`; values that are themselves rounding noise are compared absolutely.
void expect_near(const NamedValues& actual, const NamedValues& expected, double tolerance,
                 const std::string& label);

// The same for values of bf16 features: what is a feature's, or its gradient, is rounded to bf16,
// once and at the end; the rest is as exact as float32 is.
void expect_near_rounded(const NamedValues& of_bf16, const NamedValues& expected,
                         const std::string& label);

}  // namespace dermatome
