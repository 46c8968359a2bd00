// Which Dermatome this is.
#pragma once

#include <string>

namespace dermatome {

// For example "0.1.0, revision 1aa2589c5d0e". The revision is that of the checkout, with a hash of
// its changes if there are any ("1aa2589c5d0e with changes 93b1f2a07c44"), or "unknown" if it was
// built without git. It is found at every build (tools/cmake/revision.cmake), and compiled into the
// binary alone.
std::string version();

// version() and the libraries that matter to a report of a problem, each on a line: LibTorch and
// CUDA with the GPUs that this process sees, MPI and HDF5.
std::string version_page();

}  // namespace dermatome
