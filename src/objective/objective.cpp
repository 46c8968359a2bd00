#include "src/objective/objective.h"

#include <ATen/ATen.h>

#include "src/core/caption_rows.h"
#include "src/core/error.h"
#include "src/objective/precision.h"

namespace dermatome {

std::vector<TermCaptions> Objective::captions_of_terms() const {
  const int64_t end = text_selection().only_raw_caption ? kRawCaption + 1 : num_captions();
  return {{.term = "total", .first = kRawCaption, .end = end}};
}

void Objective::check_ranks(int64_t /*num_ranks*/) const {}

at::Tensor Objective::pooling_texts(const at::Tensor& /*caption*/,
                                    const at::Tensor& /*mask*/) const {
  require(false, "this objective pools no patches");
  return {};
}

at::Tensor Objective::pool(const at::Tensor& /*patches*/, const at::Tensor& /*text*/,
                           const at::Tensor& /*rows*/) const {
  require(false, "this objective pools no patches");
  return {};
}

std::optional<PatchWeightsText> Objective::patch_weights_text() const { return std::nullopt; }

at::Tensor Objective::patch_weights(const at::Tensor& /*patches*/, const at::Tensor& /*text*/,
                                    const at::Tensor& /*rows*/) const {
  require(false, "this objective weighs no patches");
  return {};
}

std::unique_ptr<RowGather> Objective::start_text_gather(const at::Tensor& text,
                                                        const GlobalSizes& sizes,
                                                        Collectives& collectives) const {
  return std::make_unique<RowGather>(collectives, text.to(objective_type(text.scalar_type())),
                                     sizes.texts, "text embeddings");
}

void Objective::check(const ObjectiveInput& input, const GlobalSizes& sizes,
                      const Collectives& collectives) const {
  const int64_t num_samples = input.image.size(0);
  const std::vector<int64_t> captions = {num_samples, num_captions()};
  const auto rank = static_cast<size_t>(collectives.rank());
  const auto size = static_cast<size_t>(collectives.size());
  require(sizes.images.size() == size && sizes.texts.size() == size,
          "the objective needs every rank's numbers of images and texts");
  require(sizes.images[rank] == num_samples && sizes.texts[rank] == input.text.size(0),
          "the objective was told other numbers of images and texts than it was given");
  require(input.caption.sizes() == captions && input.mask.sizes() == captions,
          "captions and mask of the objective must be [B, N], N as the objective says");
  require(!needs_patches() || (input.local.defined() && input.local.sizes() == input.image.sizes()),
          "the objective needs a pooled vector for every image");
}

std::vector<std::pair<std::string, double>> values_on_host(const ObjectiveResult& result) {
  std::vector<std::pair<std::string, double>> values = {{"total", 0}};
  std::vector<at::Tensor> numbers = {result.total};
  for (const auto& [name, value] : result.terms) {
    values.emplace_back(name, 0);
    numbers.push_back(value);
  }
  const at::Tensor host = at::stack(numbers).to(at::kDouble).cpu();
  for (size_t i = 0; i < values.size(); ++i) values[i].second = host.const_data_ptr<double>()[i];
  return values;
}

}  // namespace dermatome
