// Cross-modal retrieval: where a query's own candidates stand among all. Definitions are
// open_clip's; with several own candidates the best one counts.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace dermatome {

// Cosines are compared in single precision. Ties are to the model's credit (open_clip's sort breaks
// them by chance); so that features which are all the same do not pass for perfect ones, `tied`
// says how much rests on them. [n] each.
struct RetrievalRanks {
  // Candidates with a larger cosine than the best own one: its rank, from 0.
  std::vector<int64_t> better;
  std::vector<int64_t> tied;  // candidates of others with exactly its cosine
};

// queries [n, d], candidates [m, d], L2-normalized. Query i's own candidates are the rows
// [own_first[i], own_last[i]), at least one; both ascend. Memory beyond the arguments: a tile of
// cosines, whatever n and m.
RetrievalRanks retrieval_ranks(const at::Tensor& queries, const at::Tensor& candidates,
                               std::span<const int64_t> own_first,
                               std::span<const int64_t> own_last);

// ranks [n], from 0; weights [n], at least 0, some above.

// Share of ranks below k.
double recall_at(std::span<const int64_t> ranks, int64_t k, std::span<const double> weights);
double mean_rank(std::span<const int64_t> ranks, std::span<const double> weights);  // from 1
// From 1: floor(median) + 1. Weights are whole numbers: how often a rank counts.
double median_rank(std::span<const int64_t> ranks, std::span<const double> weights);

// Both directions between n images and m captions, image_of[m] saying which one a caption
// belongs to, ascending and without gaps.
class Retrieval {
 public:
  // images [n, d], texts [m, d], L2-normalized.
  Retrieval(const at::Tensor& images, const at::Tensor& texts,
            const std::vector<int64_t>& image_of);

  // R@K, mean_rank and median_rank of the queries, as `image_to_text_R@10` and so on, and
  // unasked `image_to_text_tied` and `text_to_image_tied`: the share of queries for which a
  // candidate of others is exactly as near as the own one, which then counts as found before it.
  // weights [n] of the images, a caption's is its image's; candidates are always all.
  std::map<std::string, double> scores(const std::vector<std::string>& metrics,
                                       std::span<const double> weights) const;

 private:
  std::vector<int64_t> image_of_;
  RetrievalRanks image_to_text_;
  RetrievalRanks text_to_image_;
};

}  // namespace dermatome
