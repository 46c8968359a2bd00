// Cross-modal retrieval: the rank of a query's own candidate among all candidates. Definitions are
// open_clip's; of several own candidates the one found first counts.
//
// Candidates with equal cosines are tied: nothing says which of them is found first. A score is the
// expected one if every order of tied candidates is equally likely. So features that are all the
// same, and captions that many images share, score what guessing among them would score.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace dermatome {

// Where each query's best own candidates stand. Cosines are compared in single precision. [n] each.
struct RetrievalRanks {
  std::vector<int64_t> better;  // candidates with a larger cosine than the best own one
  std::vector<int64_t> own;     // own candidates with exactly the best own cosine, at least 1
  std::vector<int64_t> tied;    // candidates of other queries with exactly this cosine
};

// queries [n, d], candidates [m, d], L2-normalized. Query i's own candidates are the rows
// [own_first[i], own_last[i]), at least one; both ascend. Needs memory for one tile of
// cosines, whatever n and m are.
RetrievalRanks retrieval_ranks(const at::Tensor& queries, const at::Tensor& candidates,
                               std::span<const int64_t> own_first,
                               std::span<const int64_t> own_last);

// The functions below take weights [n], at least 0 and some above 0.

// The expected share of queries that have an own candidate among the first k. For one query it is
// 1 - C(tied, m) / C(tied + own, m), where m of its tied + own equally good candidates are among
// the first k.
double recall_at(const RetrievalRanks& ranks, int64_t k, std::span<const double> weights);
// The mean of the expected ranks, from 1. One query's is better + tied / (own + 1) + 1.
double mean_rank(const RetrievalRanks& ranks, std::span<const double> weights);
// From 1: floor(median) + 1, where the median is that of the expected ranks from 0, each rounded up
// to a whole one. Weights are whole numbers, which say how often a rank counts.
double median_rank(const RetrievalRanks& ranks, std::span<const double> weights);

// The share of queries with an own candidate among the k that torch.topk returns, as CLIP_benchmark
// computes its recall: cosines are products in single precision, and torch.topk decides which of
// tied candidates it returns. Where nothing is tied it equals recall_at(). Arguments are those of
// retrieval_ranks(). If there are fewer than k candidates, all count as returned.
double topk_recall_at(const at::Tensor& queries, const at::Tensor& candidates,
                      std::span<const int64_t> own_first, std::span<const int64_t> own_last,
                      int64_t k);

// Retrieval in both directions between n images and m captions. image_of [m] is the image of each
// caption, ascending and without gaps.
class Retrieval {
 public:
  // images [n, d], texts [m, d], L2-normalized.
  Retrieval(const at::Tensor& images, const at::Tensor& texts,
            const std::vector<int64_t>& image_of);

  // The metrics R@K, mean_rank and median_rank, named `image_to_text_R@10` and so on. Also, always,
  // `image_to_text_tied` and `text_to_image_tied`: the share of queries for which a candidate of
  // another query is exactly as near as the best own one, so that the scores are expected ones.
  // weights [n] are the images'; a caption has its image's weight. All candidates take part,
  // whatever their weight.
  std::map<std::string, double> scores(const std::vector<std::string>& metrics,
                                       std::span<const double> weights) const;
  // The same scores of all images, with R@K as CLIP_benchmark computes it: topk_recall_at().
  std::map<std::string, double> clip_benchmark_scores(
      const std::vector<std::string>& metrics) const;

 private:
  at::Tensor images_, texts_;
  // The captions [first, last) of each image, and for each caption its image and the next one.
  std::vector<int64_t> first_caption_, last_caption_, image_of_, behind_image_;
  RetrievalRanks image_to_text_;
  RetrievalRanks text_to_image_;
};

}  // namespace dermatome
