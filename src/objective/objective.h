// The interface of what a training optimizes: a value of the global batch and its exact gradients
// on any number of ranks. The trainer, the log, the plan and the report know only this interface;
// create_objective() (src/objective/create_objective.h) knows the implementations. EXTENDING.md
// says how to add one.
//
// Each rank brings its own embeddings and gets the global batch's value and the complete gradient
// of its own embeddings: no gradient of an embedding travels. An objective keeps nothing from one
// call to the next, so any thread may use it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/core/text_selection.h"
#include "src/distributed/collectives.h"
#include "src/objective/patch_weights_text.h"

namespace dermatome {

// The rows that each rank contributes, known on the host before the step.
struct GlobalSizes {
  std::vector<int64_t> images;  // [W]
  std::vector<int64_t> texts;   // [W], distinct texts
};

// One rank's part of the batch, on one device. Features are L2-normalized and detached. Computed in
// float64 if the images' features are, else in float32; gradients have their features' dtype.
struct ObjectiveInput {
  at::Tensor image;        // [B, d]
  at::Tensor local;        // [B, d], pool(); undefined unless needs_patches()
  at::Tensor text;         // [U, d], distinct texts of this rank
  at::Tensor caption;      // [B, N] int64: row of `text`, or -1 where there is no text at all
  at::Tensor mask;         // [B, N] bool: the caption is valid (implies caption >= 0)
  at::Tensor logit_scale;  // []: the learned parameter; cosines are multiplied by its exp
};

using ObjectiveValues = std::vector<std::pair<std::string, at::Tensor>>;

struct ObjectiveResult {
  // The value of the global batch, 0-dim, equal on all ranks.
  at::Tensor total = {};
  // The parts of `total`, 0-dim and equal on all ranks, too; the log and validations show them.
  ObjectiveValues terms = {};
  // Further values, which `dermatome objective` writes: 0-dim values like `total`, and tensors
  // [B, ...] with a row for each of this rank's samples.
  ObjectiveValues details = {};
  // d total / d this rank's embeddings, complete (all roles, all ranks).
  at::Tensor grad_image = {};  // [B, d]
  at::Tensor grad_local = {};  // [B, d]; undefined unless needs_patches()
  at::Tensor grad_text = {};   // [U, d]
  // This rank's share of d total / d exp(logit_scale), 0-dim; the sum over ranks is the gradient.
  at::Tensor grad_scale = {};
};

// Which captions of a sample (src/core/caption_rows.h) a term of the objective reads: the sample
// adds to the term only if one of its captions [first, end) is valid, and its raw caption too if
// `needs_raw`.
struct TermCaptions {
  std::string term;  // its name in ObjectiveResult::terms
  int64_t first = 0, end = 0;
  bool needs_raw = false;
};

// The numbers of rows in one rank's evaluate(), where every rank has equally many.
struct ObjectiveLoad {
  double ranks = 1;
  double images = 0, texts = 0;  // per rank
  double width = 0;              // d
};

// What one evaluate() costs a rank, counted without running anything.
struct ObjectiveCost {
  double flops = 0;  // of matrix products; a multiplication and an addition are two
  double bytes = 0;  // the most memory that it holds at once, its input excluded
  // The gathers in their order: `what`, as in messages, and how many numbers the rank sends.
  std::vector<std::pair<std::string, double>> gathers;
};

class Objective {
 public:
  virtual ~Objective() = default;

  // Whether the image tower computes patches, for pool().
  virtual bool needs_patches() const = 0;
  // Which captions become texts.
  virtual TextSelection text_selection() const = 0;
  // N, the number of captions per sample; the shards must have the same number.
  virtual int64_t num_captions() const = 0;
  // What each term reads: a term of which no sample has a caption is 0 in every step. The default
  // says that the whole value reads every caption that becomes a text.
  virtual std::vector<TermCaptions> captions_of_terms() const;
  // Throws ConfigError if the objective is not defined on `num_ranks` ranks. The default never
  // does.
  virtual void check_ranks(int64_t num_ranks) const;

  // The two functions of an objective that needs patches; the defaults throw.
  //
  // For each sample the row of this rank's texts that pools its patches, -1 for none: [B] int64.
  // caption and mask [B, N] are those of the rank's whole batch.
  virtual at::Tensor pooling_texts(const at::Tensor& caption, const at::Tensor& mask) const;
  // Pools each sample's patches into a vector, for any part of the batch: [B, d]. Autograd leads
  // back to `patches` [B, P, d] and `text` [U, d]; `rows` [B] are pooling_texts() of the samples.
  virtual at::Tensor pool(const at::Tensor& patches, const at::Tensor& text,
                          const at::Tensor& rows) const;

  // The two functions of an objective by which a sample's raw caption weighs its patches, for pages
  // that show the weights.
  //
  // What such a page tells its reader; the default, nullopt, says that there are no weights.
  virtual std::optional<PatchWeightsText> patch_weights_text() const;
  // The weights of each sample's patches: [B, P]. The arguments are those of pool(); row `rows` [B]
  // of `text` may be any caption that is to weigh the sample's patches. The default throws.
  virtual at::Tensor patch_weights(const at::Tensor& patches, const at::Tensor& text,
                                   const at::Tensor& rows) const;

  // Starts the gather of all ranks' text embeddings early, so that it hides behind the image tower;
  // evaluate() of the same texts takes the result. A collective call: every rank takes part, also
  // one without texts. The default gathers text [U, d] in the objective's precision.
  virtual std::unique_ptr<RowGather> start_text_gather(const at::Tensor& text,
                                                       const GlobalSizes& sizes,
                                                       Collectives& collectives) const;

  // Value and gradients. A collective call, as above.
  virtual ObjectiveResult evaluate(const ObjectiveInput& input,
                                   std::unique_ptr<RowGather> text_gather, const GlobalSizes& sizes,
                                   Collectives& collectives) const = 0;

  virtual ObjectiveCost cost(const ObjectiveLoad& load) const = 0;

 protected:
  // Refuses an input that does not fit the sizes or the functions above.
  void check(const ObjectiveInput& input, const GlobalSizes& sizes,
             const Collectives& collectives) const;
};

// The values of `total` and of every term on the host, by name and in that order. Waits once for
// the device.
std::vector<std::pair<std::string, double>> values_on_host(const ObjectiveResult& result);

}  // namespace dermatome
