// Cross-modal retrieval: the rank of a query's own candidate among all candidates. Definitions are
// open_clip's; of several own candidates the best one counts.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace dermatome {

// Cosines are compared in single precision. Ties count in the model's favor (open_clip's sort
// breaks them by chance). `tied` tells how many there are, so that features which are all the same
// do not pass for perfect ones. [n] each.
struct RetrievalRanks {
  // Candidates with a larger cosine than the best own one: the rank of the best own one, from 0.
  std::vector<int64_t> better;
  std::vector<int64_t> tied;  // candidates of other queries with exactly its cosine
};

// queries [n, d], candidates [m, d], L2-normalized. Query i's own candidates are the rows
// [own_first[i], own_last[i]), at least one; both ascend. Needs memory for one tile of
// cosines, whatever n and m are.
RetrievalRanks retrieval_ranks(const at::Tensor& queries, const at::Tensor& candidates,
                               std::span<const int64_t> own_first,
                               std::span<const int64_t> own_last);

// The functions below take ranks [n], from 0, and weights [n], at least 0 and some above 0.

// Share of ranks below k.
double recall_at(std::span<const int64_t> ranks, int64_t k, std::span<const double> weights);
double mean_rank(std::span<const int64_t> ranks, std::span<const double> weights);  // from 1
// From 1: floor(median) + 1. Weights are whole numbers, which say how often a rank counts.
double median_rank(std::span<const int64_t> ranks, std::span<const double> weights);

// Retrieval in both directions between n images and m captions. image_of [m] is the image of each
// caption, ascending and without gaps.
class Retrieval {
 public:
  // images [n, d], texts [m, d], L2-normalized.
  Retrieval(const at::Tensor& images, const at::Tensor& texts,
            const std::vector<int64_t>& image_of);

  // The metrics R@K, mean_rank and median_rank, named `image_to_text_R@10` and so on. Also, always,
  // `image_to_text_tied` and `text_to_image_tied`: the share of queries for which a candidate of
  // another query is exactly as near as the own one, which then counts as found first. weights [n]
  // are the images'; a caption has its image's weight. All candidates take part, whatever their
  // weight.
  std::map<std::string, double> scores(const std::vector<std::string>& metrics,
                                       std::span<const double> weights) const;

 private:
  std::vector<int64_t> image_of_;
  RetrievalRanks image_to_text_;
  RetrievalRanks text_to_image_;
};

}  // namespace dermatome
