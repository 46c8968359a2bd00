#include "src/model/text_tower.h"

#include "src/model/bert_tower.h"
#include "src/model/causal_text_tower.h"

namespace dermatome {

std::unique_ptr<const TextTower> make_text_tower(ParameterList& list, const ClipConfig& config) {
  if (config.text.bert) return std::make_unique<const BertTower>(list, config);
  return std::make_unique<const CausalTextTower>(list, config);
}

}  // namespace dermatome
