// Says which rows of a transformer's input attend to which other rows.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace dermatome {

// Sequences packed into the rows of x [M, W]. Their positions are numbered group by group, sequence
// by sequence: P in total. Everything except attention works on rows, so a row that stands at
// several positions (of sequences that begin alike) is computed once. The blocks of a transformer
// and their backward passes share a layout and do not change it.
struct AttentionLayout : torch::CustomClassHolder {
  struct Group {
    int64_t sequences = 0;
    int64_t length = 0;  // positions per sequence, padding included
    // [sequences, 1, 1, length] bool: the positions that the sequence's read row attends to, and
    // unless the layout is causal all its rows; nullopt: all.
    std::optional<at::Tensor> read_mask;
  };
  std::vector<Group> groups;
  bool causal = false;   // a position attends to those up to itself
  at::Tensor rows;       // [P] int64: the row at each position; undefined: row p is at position p
  at::Tensor positions;  // [M] int64: for each row one of its positions; undefined if `rows` is
  at::Tensor read;       // [sequences of all groups] int64: the row of each sequence that is read
};

using AttentionLayoutPtr = c10::intrusive_ptr<AttentionLayout>;

}  // namespace dermatome
