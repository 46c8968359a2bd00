// Which Dermatome this is.
#pragma once

#include <string>

namespace dermatome {

// "0.1.0, revision 1aa2589c5d0e": of the checkout that it was built from, with a hash of the
// changes since ("1aa2589c5d0e with changes 93b1f2a07c44"); "unknown" where it was built without
// git. Found at every build (tools/cmake/revision.cmake), and compiled into the binary alone.
std::string version();

}  // namespace dermatome
