// Which HDF5 library this binary runs with.
#pragma once

#include <string>

namespace dermatome {

// For example "1.10.8".
std::string hdf5_version();

}  // namespace dermatome
