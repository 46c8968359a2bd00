// The merges of CLIP's vocabulary, built into the binary.
#pragma once

#include <string>

namespace dermatome {

// The text of data/bpe_simple_vocab_16e6.txt.gz, inflated: a heading, then one merge per line,
// the most frequent first. Throws InternalError when the embedded bytes do not inflate.
std::string read_vocabulary();

}  // namespace dermatome
