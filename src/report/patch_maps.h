// Where in an image a caption is, by two measures that must not be confused:
//
// - a raw caption's *weights*: how much of each patch the training's objective took
//   (Objective::patch_weights(); an objective may have none),
// - any caption's *cosines* with the patches: a similarity computed afterwards.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "src/model/clip.h"
#include "src/objective/objective.h"
#include "src/report/examples.h"
#include "src/text/tokenizer.h"

namespace dermatome {

// A model's view of some records; fp32, in host memory.
struct EncodedExamples {
  at::Tensor image;                 // [B, d], L2-normalized
  at::Tensor patches;               // [B, P, d], L2-normalized; undefined unless asked for
  at::Tensor text;                  // [C, d], L2-normalized: the captions of all records
  std::vector<int64_t> first_text;  // [B]: row of a record's first caption in `text`
};

// Images as evaluation sees them, without augmentation or patch dropout; fp32.
EncodedExamples encode_examples(const Clip& model, const Tokenizer& tokenizer,
                                const std::vector<Example>& examples, bool with_patches);

enum class MapKind { kWeights, kCosines };

// One value per patch, row after row, for record `image` and the caption in row `text`: [P].
at::Tensor patch_map(const EncodedExamples& examples, MapKind kind, size_t image, int64_t text,
                     const Objective& objective);

// A caption to draw a map of, and the caption of another record to compare it with.
struct MapCaption {
  MapKind kind = MapKind::kCosines;
  size_t caption = 0;           // in the record's captions
  std::optional<size_t> other;  // another record; nullopt: no other caption differs
  size_t other_caption = 0;     // in that record's captions
};

// The maps of record `image`: its raw caption's weights, if it has one, then its subcaptions'
// cosines. Of an objective without weights the raw caption's cosines are mapped, too. Each is
// compared with the same kind of caption of the next record (cyclically) whose raw caption differs.
// If that record has fewer subcaptions, they repeat; if it has none, its raw caption is taken.
std::vector<MapCaption> captions_to_map(const std::vector<Example>& examples, size_t image,
                                        bool has_weights);

}  // namespace dermatome
