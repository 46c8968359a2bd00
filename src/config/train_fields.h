// The fields of a training's configuration. Every key is written down here, once.
#pragma once

#include <string>
#include <vector>

#include "src/config/field.h"

namespace dermatome {

struct ObjectiveOptions;
struct TrainOptions;

// All fields, whose values live in `options`. Those of a section follow each other; those without a
// section come first. Whether some of them define the result depends on the values.
std::vector<Field> train_fields(TrainOptions& options);

// The fields of the section `objective`; every key begins with `section`: "objective." or "".
std::vector<Field> objective_fields(ObjectiveOptions& options, const std::string& section);

}  // namespace dermatome
