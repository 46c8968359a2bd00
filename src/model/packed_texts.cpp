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

// The rows of texts. Texts that begin alike may share them: then they are a tree.
struct Tree {
  std::vector<std::vector<int64_t>> rows;  // for each text, its rows in the order of its tokens
  std::vector<int64_t> token, place;       // of each row
  std::vector<int64_t> owner;              // for each row, the text that added it
};

void add_row(Tree& tree, size_t text, int64_t token, size_t place) {
  tree.rows[text].push_back(static_cast<int64_t>(tree.token.size()));
  tree.token.push_back(token);
  tree.place.push_back(static_cast<int64_t>(place));
  tree.owner.push_back(static_cast<int64_t>(text));
}

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
      add_row(tree, sorted[i], text[place], place);
    }
  }
  return tree;
}

// Every text has rows of its own.
Tree make_separate_rows(const std::vector<Text>& texts, int64_t pad_id) {
  Tree tree;
  tree.rows.resize(texts.size());
  for (size_t text = 0; text < texts.size(); ++text) {
    for (size_t place = 0; place < texts[text].size(); ++place) {
      const int64_t token = texts[text][place];
      if (place == 0 || token != pad_id) add_row(tree, text, token, place);
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

std::vector<Text> texts_of(const at::Tensor& ids, const at::Tensor& lengths) {
  std::vector<Text> texts;
  for (const int64_t length :
       std::span(lengths.const_data_ptr<int64_t>(), static_cast<size_t>(ids.size(0)))) {
    texts.emplace_back(ids.const_data_ptr<int64_t>() + texts.size() * ids.size(1), length);
  }
  return texts;
}

enum class Attention { kCausal, kBothWays };

// A causal transformer is read at each text's last row, another one at the first.
PackedTexts lay_out(const Tree& tree, int64_t max_columns, Attention attention,
                    c10::Device device) {
  const bool causal = attention == Attention::kCausal;
  const auto layout = c10::make_intrusive<AttentionLayout>();
  layout->causal = causal;
  std::vector<int64_t> lengths, rows, positions(tree.token.size()), read, order(tree.rows.size());
  for (const std::vector<int64_t>& own : tree.rows) lengths.push_back(std::ssize(own));
  for (const TextBucket& bucket : text_buckets(lengths, max_columns)) {
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
      read.push_back(causal ? own.back() : own.front());
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
          .order = to_tensor(order, device),
          .text = causal ? at::Tensor() : to_tensor(tree.owner, device)};
}

}  // namespace

PackedTexts pack_texts(const at::Tensor& tokens, const at::Tensor& lengths, c10::Device device) {
  const at::Tensor ids = tokens.contiguous(), counts = lengths.contiguous();
  return lay_out(make_tree(texts_of(ids, counts)), ids.size(1), Attention::kCausal, device);
}

PackedTexts pack_whole_texts(const at::Tensor& tokens, const at::Tensor& lengths, int64_t pad_id,
                             c10::Device device) {
  const at::Tensor ids = tokens.contiguous(), counts = lengths.contiguous();
  return lay_out(make_separate_rows(texts_of(ids, counts), pad_id), ids.size(1),
                 Attention::kBothWays, device);
}

}  // namespace dermatome
