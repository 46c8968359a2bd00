#include "src/model/packed_texts.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <vector>

#include "src/model/text_buckets.h"
#include "src/model/upload.h"

namespace dermatome {
namespace {

using Text = std::span<const int64_t>;

int64_t common_length(Text a, Text b) { return std::ranges::mismatch(a, b).in1 - a.begin(); }

// The texts as a tree of their beginnings.
struct Tree {
  std::vector<std::vector<int64_t>> rows;  // for each text, the rows of its beginnings
  std::vector<int64_t> token, place;       // of each row
  std::vector<int64_t> owner;              // for each row, the text that added it
};

// In lexicographic order a text shares its longest beginning with the text directly before it.
Tree make_tree(const std::vector<Text>& texts) {
  std::vector<size_t> sorted(texts.size());
  std::iota(sorted.begin(), sorted.end(), size_t{0});
  std::ranges::stable_sort(sorted, [&](size_t a, size_t b) {
    return std::ranges::lexicographical_compare(texts[a], texts[b]);
  });
  Tree tree;
  tree.rows.resize(texts.size());
  for (size_t i = 0; i < sorted.size(); ++i) {
    const Text text = texts[sorted[i]];
    std::vector<int64_t>& rows = tree.rows[sorted[i]];
    if (i > 0) {
      const std::vector<int64_t>& last = tree.rows[sorted[i - 1]];
      rows.assign(last.begin(), last.begin() + common_length(text, texts[sorted[i - 1]]));
    }
    for (size_t place = rows.size(); place < text.size(); ++place) {
      rows.push_back(static_cast<int64_t>(tree.token.size()));
      tree.token.push_back(text[place]);
      tree.place.push_back(static_cast<int64_t>(place));
      tree.owner.push_back(static_cast<int64_t>(sorted[i]));
    }
  }
  return tree;
}

at::Tensor to_tensor(const std::vector<int64_t>& values, c10::Device device) {
  return upload(at::tensor(values, at::TensorOptions(at::kLong)), device);
}

// [sequences, 1, 1, length] bool: positions before the sequence's end.
at::Tensor before_end(const std::vector<int64_t>& lengths, int64_t columns, c10::Device device) {
  const at::Tensor mask =
      at::arange(columns).unsqueeze(0) < to_tensor(lengths, at::kCPU).unsqueeze(1);
  return upload(mask.view({-1, 1, 1, columns}), device);
}

}  // namespace

PackedTexts pack_texts(const at::Tensor& tokens, const at::Tensor& lengths, c10::Device device) {
  const at::Tensor ids = tokens.contiguous(), counts = lengths.contiguous();
  const std::span all_lengths(counts.const_data_ptr<int64_t>(), static_cast<size_t>(ids.size(0)));
  std::vector<Text> texts;
  for (const int64_t length : all_lengths) {
    texts.emplace_back(ids.const_data_ptr<int64_t>() + texts.size() * ids.size(1), length);
  }
  const Tree tree = make_tree(texts);

  const auto layout = c10::make_intrusive<AttentionLayout>();
  layout->causal = true;
  std::vector<int64_t> rows, positions(tree.token.size()), read, order(texts.size());
  for (const TextBucket& bucket : text_buckets(all_lengths, ids.size(1))) {
    std::vector<int64_t> bucket_lengths;
    for (const int64_t text : bucket.rows) {
      const std::vector<int64_t>& own = tree.rows[text];
      for (const int64_t row : own) {
        if (tree.owner[row] == text) positions[row] = static_cast<int64_t>(rows.size());
        rows.push_back(row);
      }
      // Padding may be any row: nothing that is used attends to it.
      rows.insert(rows.end(), bucket.columns - own.size(), own.back());
      order[text] = static_cast<int64_t>(read.size());
      read.push_back(own.back());
      bucket_lengths.push_back(static_cast<int64_t>(own.size()));
    }
    layout->groups.push_back({.sequences = static_cast<int64_t>(bucket.rows.size()),
                              .length = bucket.columns,
                              .read_mask = before_end(bucket_lengths, bucket.columns, device)});
  }
  layout->rows = to_tensor(rows, device);
  layout->positions = to_tensor(positions, device);
  layout->read = to_tensor(read, device);
  return {.token = to_tensor(tree.token, device),
          .place = to_tensor(tree.place, device),
          .layout = layout,
          .order = to_tensor(order, device)};
}

}  // namespace dermatome
