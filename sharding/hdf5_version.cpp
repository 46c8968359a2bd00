#include "sharding/hdf5_version.h"

#include <hdf5.h>

#include "src/core/text.h"

namespace dermatome {

std::string hdf5_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return text(major, ".", minor, ".", release);
}

}  // namespace dermatome
