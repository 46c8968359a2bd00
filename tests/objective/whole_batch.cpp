#include "tests/objective/whole_batch.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "src/config/objective_options.h"
#include "src/core/caption_rows.h"
#include "src/core/rng.h"
#include "src/distributed/single_process.h"
#include "src/objective/create_objective.h"
#include "src/objective/local_attention.h"
#include "tests/support/golden.h"
#include "tests/support/plain_objective.h"

namespace dermatome {
namespace {

at::Tensor unit_vectors(Rng& rng, const std::vector<int64_t>& shape) {
  at::Tensor values = at::empty(shape, at::kDouble);
  double* data = values.mutable_data_ptr<double>();
  std::generate(data, data + values.numel(), [&] { return rng.normal(); });
  return values / values.norm(2, {-1}, /*keepdim=*/true);
}

at::Tensor normalized(const at::Tensor& vectors) {
  return vectors / vectors.norm(2, {-1}, /*keepdim=*/true);
}

at::Tensor defined_or_zeros(const at::Tensor& tensor, const at::Tensor& like) {
  return tensor.defined() ? tensor : at::zeros_like(like);
}

// For every row of `rows` [n, d], the index of the first row that equals it.
at::Tensor first_equal_rows(const at::Tensor& rows) {
  const at::Tensor equal = (rows.unsqueeze(0) == rows.unsqueeze(1)).all(2);  // [n, n]
  return equal.to(at::kByte).argmax(1);
}

// One rank's part of a whole batch.
struct RankBatch {
  at::Tensor image, patches, mask;  // of the rank's samples
  at::Tensor caption;               // [b, N]: row of `text`, -1 for none
  at::Tensor text;                  // [U, d]
  at::Tensor text_row;              // [U]: the row, of the rank's b*N, that the text comes from
};

RankBatch slice_of(const WholeBatch& batch, Texts texts, int64_t begin, int64_t size) {
  const int64_t num_captions = batch.mask.size(1), num_rows = size * num_captions;
  RankBatch rank;
  rank.image = batch.image.narrow(0, begin, size);
  rank.patches = batch.patches.narrow(0, begin, size);
  rank.mask = batch.mask.narrow(0, begin, size).to(at::kBool);
  const at::Tensor rows = batch.text.narrow(0, begin * num_captions, num_rows);
  at::Tensor source = at::arange(num_rows, at::kLong);
  if (texts == Texts::kShared && num_rows > 0) {
    source = first_equal_rows(rows);
    const ObjectiveOptions& options = batch.options;
    if (options.mode == ObjectiveMode::kPaper && options.negatives == Negatives::kValid) {
      source.masked_fill_(~rank.mask.reshape({-1}), -1);
    }
  }
  rank.caption = at::full({num_rows}, -1, at::kLong);
  std::vector<int64_t> text_row;
  std::map<int64_t, int64_t> text_of_row;
  for (int64_t row = 0; row < num_rows; ++row) {
    const int64_t first = source[row].item<int64_t>();
    if (first < 0) continue;
    const auto [found, is_new] =
        text_of_row.emplace(first, static_cast<int64_t>(text_of_row.size()));
    if (is_new) text_row.push_back(first);
    rank.caption[row] = found->second;
  }
  rank.caption = rank.caption.view({size, num_captions});
  rank.text_row = at::tensor(text_row, at::kLong);
  rank.text = rows.index_select(0, rank.text_row);
  return rank;
}

at::Tensor gather(Collectives& collectives, const at::Tensor& rows,
                  const std::vector<int64_t>& counts) {
  return RowGather(collectives, rows.contiguous(), counts, "test result").finish();
}

std::vector<int64_t> gather_count(Collectives& collectives, int64_t count) {
  const at::Tensor counts =
      gather(collectives, at::full({1}, count, at::kLong),
             std::vector<int64_t>(static_cast<size_t>(collectives.size()), 1));
  return {counts.data_ptr<int64_t>(), counts.data_ptr<int64_t>() + counts.numel()};
}

}  // namespace

WholeBatch random_batch(int64_t num_samples, int64_t num_captions, uint64_t seed) {
  constexpr int64_t kWidth = 12, kPatches = 5;
  Rng rng(seed, RngPurpose::kTest);
  WholeBatch batch;
  const at::Tensor topic = unit_vectors(rng, {num_samples, 1, kWidth});
  batch.image = normalized(topic.squeeze(1) + 0.8 * unit_vectors(rng, {num_samples, kWidth}));
  batch.patches = normalized(0.7 * topic + unit_vectors(rng, {num_samples, kPatches, kWidth}));
  const at::Tensor captions =
      normalized(topic + 0.8 * unit_vectors(rng, {num_samples, num_captions, kWidth}));
  batch.mask = at::ones({num_samples, num_captions}, at::kDouble);
  batch.text = captions.view({num_samples * num_captions, kWidth});
  for (int64_t i = 0; i < num_samples; ++i) {
    for (int64_t k = 0; k < num_captions; ++k) {
      if (rng.uniform() < 0.33 || i == 2) batch.mask[i][k] = 0;
      const auto other = static_cast<int64_t>(rng.below(static_cast<uint64_t>(batch.text.size(0))));
      if (rng.uniform() < 0.3) {
        batch.text[caption_row(i, k, num_captions)] = batch.text[other].clone();
      }
    }
  }
  batch.scale = 20;
  batch.options.num_subcaptions = num_captions - kFirstSubcaption;
  return batch;
}

std::map<std::string, WholeBatch> batches_without_an_aspect(uint64_t seed) {
  constexpr int64_t kNumCaptions = kFirstSubcaption + kDefaultNumSubcaptions;
  const auto without = [&](int64_t first, int64_t last) {
    WholeBatch batch = random_batch(9, kNumCaptions, seed);
    batch.mask.slice(1, first, last).zero_();
    return batch;
  };
  return {{"raw", without(kRawCaption, kRawCaption + 1)},
          {"ontology", without(kOntologyCaption, kOntologyCaption + 1)},
          {"visual concept", without(kVisualConceptCaption, kFirstSubcaption)},
          {"subcaptions", without(kFirstSubcaption, kNumCaptions)}};
}

WholeBatch in_type(WholeBatch batch, at::ScalarType type) {
  for (at::Tensor* features : {&batch.image, &batch.text, &batch.patches}) {
    *features = features->to(type);
  }
  return batch;
}

WholeBatch bf16_batch(const ObjectiveOptions& options) {
  WholeBatch batch = random_batch(9, 11, /*seed=*/7);
  batch.options = options;
  batch.scale = 100;
  batch.patches = batch.patches.slice(1, 0, 1).contiguous();
  const at::Tensor every_caption =
      at::arange(batch.mask.numel(), at::kLong).view(batch.mask.sizes());
  const at::Tensor selector = selector_rows(every_caption, batch.mask.to(at::kBool), options);
  const at::Tensor query = batch.text.index_select(0, selector.clamp_min(0));
  batch.patches *= batch.patches.matmul(query.unsqueeze(2)).sign();
  return in_type(in_type(batch, at::kBFloat16), at::kDouble);
}

NamedValues evaluate_plainly(const WholeBatch& batch) {
  const at::Tensor image = batch.image.clone().requires_grad_();
  const at::Tensor text = batch.text.clone().requires_grad_();
  const at::Tensor patches = batch.patches.clone().requires_grad_();
  const at::Tensor scale = at::scalar_tensor(batch.scale, image.options()).requires_grad_();
  const PlainObjective result =
      plain_objective(image, text, patches, batch.mask, scale, batch.options);
  const auto gradients =
      torch::autograd::grad({result.total}, {image, text, patches, scale}, {},
                            /*retain_graph=*/false, /*create_graph=*/false, /*allow_unused=*/true);
  NamedValues values = {{"total", result.total.detach()},
                        {"mkcl", result.mkcl.detach()},
                        {"slra", result.slra.detach()},
                        {"i2t", result.i2t.detach()},
                        {"t2i", result.t2i.detach()},
                        {"weights", result.weights},
                        {"local", result.local.detach()},
                        {"grad_image", defined_or_zeros(gradients[0], image)},
                        {"grad_text", defined_or_zeros(gradients[1], text)},
                        {"grad_patch", defined_or_zeros(gradients[2], patches)},
                        {"grad_scale", defined_or_zeros(gradients[3], scale)}};
  if (!batch.options.mkcl && !batch.options.local_alignment) {
    for (const auto* name : {"mkcl", "slra", "weights"}) values.erase(name);
  }
  return values;
}

NamedValues evaluate_on_ranks(const WholeBatch& batch, Texts texts, Collectives& collectives,
                              const std::vector<int64_t>& samples_per_rank) {
  return evaluate_on_ranks(batch, texts, collectives, samples_per_rank,
                           *create_objective(batch.options));
}

NamedValues evaluate_on_ranks(const WholeBatch& batch, Texts texts, Collectives& collectives,
                              const std::vector<int64_t>& samples_per_rank,
                              const Objective& objective) {
  const auto r = static_cast<size_t>(collectives.rank());
  const int64_t begin = std::accumulate(samples_per_rank.begin(),
                                        samples_per_rank.begin() + collectives.rank(), int64_t{0});
  const RankBatch rank = slice_of(batch, texts, begin, samples_per_rank[r]);
  const GlobalSizes sizes{samples_per_rank, gather_count(collectives, rank.text.size(0))};

  const at::Tensor text = rank.text.clone().requires_grad_();
  const at::Tensor patches = rank.patches.clone().requires_grad_();
  ObjectiveInput input;
  at::Tensor local;
  if (objective.needs_patches()) {
    local = objective.pool(patches, text, objective.pooling_texts(rank.caption, rank.mask));
    input.local = local.detach().to(patches.scalar_type());
  }
  input.image = rank.image;
  input.text = rank.text;
  input.caption = rank.caption;
  input.mask = rank.mask;
  input.logit_scale = at::scalar_tensor(std::log(batch.scale), at::kDouble);
  auto text_gather = objective.start_text_gather(rank.text, sizes, collectives);
  const ObjectiveResult result =
      objective.evaluate(input, std::move(text_gather), sizes, collectives);
  if (local.defined()) {
    torch::autograd::backward({local}, {result.grad_local.to(local.scalar_type())});
  }

  const at::Tensor text_gradient =
      result.grad_text + defined_or_zeros(text.grad(), result.grad_text);
  at::Tensor rows_gradient = at::zeros({rank.caption.numel(), text.size(1)}, text.options());
  rows_gradient.index_copy_(0, rank.text_row, text_gradient);
  std::vector<int64_t> rows_per_rank = samples_per_rank;
  for (int64_t& rows : rows_per_rank) rows *= rank.caption.size(1);
  at::Tensor grad_scale = result.grad_scale.clone();
  collectives.all_reduce_sum(grad_scale, "test result")->wait();
  NamedValues values = {
      {"total", result.total},
      {"local", gather(collectives, defined_or_zeros(input.local, input.image), samples_per_rank)},
      {"grad_image", gather(collectives, result.grad_image, samples_per_rank)},
      {"grad_text", gather(collectives, rows_gradient, rows_per_rank)},
      {"grad_patch",
       gather(collectives, defined_or_zeros(patches.grad(), patches.detach()), samples_per_rank)},
      {"grad_scale", grad_scale}};
  for (const ObjectiveValues* named : {&result.terms, &result.details}) {
    for (const auto& [name, value] : *named) {
      values[name] = value.dim() == 0 ? value : gather(collectives, value, samples_per_rank);
    }
  }
  return values;
}

NamedValues evaluate(const WholeBatch& batch, Texts texts) {
  const auto alone = make_single_process_collectives();
  return evaluate_on_ranks(batch, texts, *alone, {batch.image.size(0)});
}

NamedValues with_shared_text_gradients(NamedValues values, const WholeBatch& batch) {
  at::Tensor& gradient = values.at("grad_text");
  gradient = at::zeros_like(gradient).index_add_(0, first_equal_rows(batch.text), gradient);
  return values;
}

void expect_near(const NamedValues& actual, const NamedValues& expected, double tolerance,
                 const std::string& label) {
  // A log-sum-exp minus a logit of magnitude 100 has an error of 1e-14, however small it is.
  constexpr double kSmallestNorm = 1e-4;
  for (const auto& [name, value] : expected) {
    ASSERT_TRUE(actual.contains(name)) << label << " " << name;
    ASSERT_EQ(actual.at(name).sizes(), value.sizes()) << label << " " << name;
    EXPECT_LE(relative_difference(actual.at(name), value, kSmallestNorm), tolerance)
        << label << " " << name;
  }
}

void expect_near_rounded(const NamedValues& of_bf16, const NamedValues& expected,
                         const std::string& label) {
  // Rounding to bf16 changes a number by at most half a unit in the last place, 2^-8 of it. The
  // error of float32 before that is relative to the largest number.
  constexpr double kRounding = 0x1p-8, kFloat32 = 2e-5;
  const std::set<std::string> rounded = {"local", "grad_image", "grad_text", "grad_patch"};
  for (const auto& [name, value] : expected) {
    const at::Tensor& actual = of_bf16.at(name);
    if (!rounded.contains(name)) {
      EXPECT_EQ(actual.scalar_type(), at::kFloat) << label << " " << name;
      expect_near(of_bf16, {{name, value}}, kFloat32, label);
      continue;
    }
    EXPECT_EQ(actual.scalar_type(), at::kBFloat16) << label << " " << name;
    const double largest = value.abs().max().item<double>();
    EXPECT_TRUE(at::allclose(actual.to(at::kDouble), value, kRounding, kFloat32 * largest))
        << label << " " << name;
  }
}

}  // namespace dermatome
