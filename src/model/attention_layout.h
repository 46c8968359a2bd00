// Which rows of a transformer's input attend to which.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace dermatome {

// Sequences packed into the rows of x [M, W]. Their positions are numbered group by group, sequence
// by sequence: P in all. Everything but attention works on rows, so a row that stands at several
// positions, because sequences begin alike, is computed once. Shared by the blocks of a transformer
// and by their backward passes; const afterwards.
struct AttentionLayout : torch::CustomClassHolder {
  struct Group {
    int64_t sequences = 0;
    int64_t length = 0;  // positions a sequence, padding included
    // [sequences, 1, 1, length] bool: the positions that the sequence's read row attends to;
    // none: all.
    std::optional<at::Tensor> read_mask;
  };
  std::vector<Group> groups;
  bool causal = false;   // a position attends to those up to itself
  at::Tensor rows;       // [P] int64: the row at each position; undefined: row p is at position p
  at::Tensor positions;  // [M] int64: for each row a position that has it; undefined with `rows`
  at::Tensor read;       // [sequences of all groups] int64: the row of each that is read at the end
};

using AttentionLayoutPtr = c10::intrusive_ptr<AttentionLayout>;

}  // namespace dermatome
