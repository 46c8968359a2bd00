// Scores as pure functions over complete sets of predictions; the definitions are scikit-learn's
// and, for retrieval, open_clip's.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace dermatome {

// logits [n, C] floating, labels [n] int64 in [0, C); n > 0.

// Share of samples whose label is among the k largest logits (k is cut to C).
double top_k_accuracy(const at::Tensor& logits, const at::Tensor& labels, int64_t k);
// Mean over the classes that occur of the share of their samples predicted right.
double balanced_accuracy(const at::Tensor& logits, const at::Tensor& labels);
// F1 of each class, weighted by its number of samples; 0 where a class is neither predicted nor
// there.
double weighted_f1(const at::Tensor& logits, const at::Tensor& labels);
// Area under the ROC curve of `scores` [n] for `positive` [n] bool; ties count half. NaN unless
// both kinds occur.
double auroc(const at::Tensor& scores, const at::Tensor& positive);
// Mean over the classes that occur (and are not all there is) of the one-vs-rest AUROC of their
// softmax probability.
double macro_auroc(const at::Tensor& logits, const at::Tensor& labels);

// For each query how its own candidate, of the same row, stands among all. Ties are to the model's
// credit, as in open_clip; so that features which are all the same do not pass for perfect ones,
// `tied` says how much rests on them. [n] int64 each.
struct RetrievalRanks {
  at::Tensor better;  // candidates with a larger cosine than the own one's: its rank, from 0
  at::Tensor tied;    // other candidates with exactly its cosine
};

// queries [n, d], candidates [n, d], L2-normalised. Memory is O(n x chunk).
RetrievalRanks retrieval_ranks(const at::Tensor& queries, const at::Tensor& candidates);

// ranks [n] int64, from 0.

// Share of ranks below k.
double recall_at(const at::Tensor& ranks, int64_t k);
double mean_rank(const at::Tensor& ranks);    // from 1
double median_rank(const at::Tensor& ranks);  // from 1: floor(median) + 1

}  // namespace dermatome
