// The tensors of a BERT of transformers as those of open_clip's text tower around it.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

namespace dermatome {

// `tensors`, read from `file`, are those of a BertModel, or of a BERT with heads for other tasks,
// whose own names begin with "bert.". The heads are left out, with a log line. Names become
// "text.transformer.…"; the old names gamma and beta become weight and bias. Throws DataError if
// there is no BERT.
std::map<std::string, at::Tensor> from_bert_model(std::map<std::string, at::Tensor> tensors,
                                                  const std::string& file);

}  // namespace dermatome
