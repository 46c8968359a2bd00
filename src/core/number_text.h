// Numbers for people.
#pragma once

#include <string>

namespace dermatome {

// `number` with the four digits that count most, or all that stand before the point, and never with
// an exponent: "2.5", "33333".
std::string number_text(double number);

}  // namespace dermatome
