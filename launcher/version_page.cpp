#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/headeronly/version.h>

#include "launcher/mpi_world.h"
#include "launcher/version.h"
#include "sharding/hdf5_version.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

std::string cuda() {
  const at::CUDAHooksInterface& hooks = at::detail::getCUDAHooks();
  if (!hooks.hasCUDART()) return "built without CUDA";
  const auto gpus = at::hasCUDA() ? c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA).deviceCount()
                                  : c10::DeviceIndex{0};
  const long version = hooks.versionCUDART();  // 12060 is 12.6
  return text("CUDA ", version / 1000, ".", version % 1000 / 10, " with ", int{gpus},
              " GPU(s) that can be used here");
}

}  // namespace

std::string version_page() {
  return text("dermatome ", version(), "\nLibTorch ", TORCH_VERSION, ", ", cuda(), "\n",
              mpi_library(), "\nHDF5 ", hdf5_version());
}

}  // namespace dermatome
