// A whole batch, and its values by the plain objective and by the real one.
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
  double scale = 1;    // factor of the cosines
  ObjectiveOptions options;
};

// A float64 batch of unit features with one cluster per sample. A third of the captions is missing;
// some samples have no raw caption, one has no caption, and captions repeat within and between
// samples.
WholeBatch random_batch(int64_t num_samples, int64_t num_captions, uint64_t seed);

// random_batch()s of 9 samples in which no sample has a raw caption, an ontology caption, a
// visual-concept caption, or a subcaption; keyed by the name of the missing caption.
std::map<std::string, WholeBatch> batches_without_an_aspect(uint64_t seed);

// `batch` with its features in `type`.
WholeBatch in_type(WholeBatch batch, at::ScalarType type);

// A float64 batch whose features bf16 represents exactly. A sample has one patch, its local vector:
// a caption that selects the patch gives it weight 1, and that weight has no gradient.
WholeBatch bf16_batch(const ObjectiveOptions& options);

// The names are total mkcl slra i2t t2i weights local grad_image grad_text grad_patch grad_scale;
// plain CLIP has no mkcl, slra and weights.
using NamedValues = std::map<std::string, at::Tensor>;

NamedValues evaluate_plainly(const WholeBatch& batch);

// How captions become texts: each caption is its own text, or equal captions share one. If they
// share, missing captions have no text unless they are negatives.
enum class Texts { kSeparate, kShared };

// Evaluates create_objective()'s objective. Rank r of `collectives` holds the next
// samples_per_rank[r] samples. A collective call; every rank returns the whole batch's values. The
// gradient of a shared text is in the first row that shares it; the other rows are 0.
NamedValues evaluate_on_ranks(const WholeBatch& batch, Texts texts, Collectives& collectives,
                              const std::vector<int64_t>& samples_per_rank);
// Does the same as evaluate_on_ranks(), on this process alone.
NamedValues evaluate(const WholeBatch& batch, Texts texts);
// Evaluates any objective. batch.options only decides which captions become texts.
NamedValues evaluate_on_ranks(const WholeBatch& batch, Texts texts, Collectives& collectives,
                              const std::vector<int64_t>& samples_per_rank,
                              const Objective& objective);

// `values` with the gradients of equal texts of the whole batch added up in their first row. Only
// these sums can be compared when texts are shared.
NamedValues with_shared_text_gradients(NamedValues values, const WholeBatch& batch);

// Fails the current test for every value that is missing or whose relative difference exceeds
// `tolerance`; values as small as rounding noise are compared absolutely.
void expect_near(const NamedValues& actual, const NamedValues& expected, double tolerance,
                 const std::string& label);

// Does the same as expect_near() for bf16 features: local vectors and gradients of features are
// rounded to bf16 once, at the end; all other values are as exact as float32.
void expect_near_rounded(const NamedValues& of_bf16, const NamedValues& expected,
                         const std::string& label);

}  // namespace dermatome
