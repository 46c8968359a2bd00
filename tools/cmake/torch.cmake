# Imported targets for LibTorch, made from its files rather than by find_package(Torch): that one
# demands a CUDA toolkit even for a CPU build and overrides the caller's CUDA architectures.
#   LIBTORCH_ROOT  the folder that holds include/ and lib/ (cache variable or environment variable)
# torch::torch is what the project links.

if(NOT LIBTORCH_ROOT)
  if(DEFINED ENV{LIBTORCH_ROOT})
    set(LIBTORCH_ROOT "$ENV{LIBTORCH_ROOT}")
  elseif(DEFINED ENV{DERMATOME_CACHE})
    set(LIBTORCH_ROOT "$ENV{DERMATOME_CACHE}/libtorch-2.11.0/torch")
  else()
    set(LIBTORCH_ROOT "$ENV{HOME}/.cache/dermatome/libtorch-2.11.0/torch")
  endif()
endif()
set(LIBTORCH_ROOT "${LIBTORCH_ROOT}" CACHE PATH "Folder that holds LibTorch's include/ and lib/")

set(_torch_api "${LIBTORCH_ROOT}/include/torch/csrc/api/include")
set(_torch_version_header "${LIBTORCH_ROOT}/include/torch/headeronly/version.h")
if(NOT EXISTS "${LIBTORCH_ROOT}/lib/libtorch_cpu.so" OR NOT EXISTS "${_torch_version_header}")
  message(FATAL_ERROR
    "No LibTorch at LIBTORCH_ROOT=${LIBTORCH_ROOT}. Run tools/setup.sh, which unpacks it, or set "
    "LIBTORCH_ROOT to a folder with include/ and lib/libtorch_cpu.so.")
endif()

file(READ "${_torch_version_header}" _torch_version)
string(REGEX REPLACE ".*TORCH_VERSION_MAJOR ([0-9]+).*TORCH_VERSION_MINOR ([0-9]+).*" "\\1.\\2"
  _torch_version "${_torch_version}")
if(NOT _torch_version VERSION_EQUAL 2.11)
  message(FATAL_ERROR
    "LibTorch ${_torch_version} at ${LIBTORCH_ROOT} is not supported: Dermatome is written for 2.11. "
    "Run tools/setup.sh, or point LIBTORCH_ROOT at a LibTorch 2.11.")
endif()

if(DERMATOME_CUDA STREQUAL "AUTO")
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER AND EXISTS "${LIBTORCH_ROOT}/lib/libtorch_cuda.so")
    set(DERMATOME_WITH_CUDA ON)
  else()
    set(DERMATOME_WITH_CUDA OFF)
  endif()
else()
  set(DERMATOME_WITH_CUDA ${DERMATOME_CUDA})
endif()
message(STATUS "LibTorch ${_torch_version} at ${LIBTORCH_ROOT}, CUDA variant: ${DERMATOME_WITH_CUDA}")

add_library(torch::c10 SHARED IMPORTED GLOBAL)
set_target_properties(torch::c10 PROPERTIES
  IMPORTED_LOCATION "${LIBTORCH_ROOT}/lib/libc10.so"
  INTERFACE_INCLUDE_DIRECTORIES "${LIBTORCH_ROOT}/include;${_torch_api}"
  INTERFACE_COMPILE_DEFINITIONS "USE_DISTRIBUTED;USE_C10D_GLOO")
add_library(torch::cpu SHARED IMPORTED GLOBAL)
set_target_properties(torch::cpu PROPERTIES
  IMPORTED_LOCATION "${LIBTORCH_ROOT}/lib/libtorch_cpu.so"
  INTERFACE_LINK_LIBRARIES torch::c10)
add_library(torch::torch INTERFACE IMPORTED GLOBAL)
target_link_libraries(torch::torch INTERFACE torch::cpu)

if(DERMATOME_WITH_CUDA)
  if(NOT EXISTS "${LIBTORCH_ROOT}/lib/libc10_cuda.so" OR
     NOT EXISTS "${LIBTORCH_ROOT}/lib/libtorch_cuda.so")
    message(FATAL_ERROR
      "DERMATOME_CUDA=${DERMATOME_CUDA}, but the LibTorch at ${LIBTORCH_ROOT} has no CUDA libraries. "
      "Run tools/setup.sh --cuda, point LIBTORCH_ROOT at a CUDA build of LibTorch 2.11, or set "
      "DERMATOME_CUDA=OFF.")
  endif()
  enable_language(CUDA)
  find_package(CUDAToolkit REQUIRED)
  # No header states the CUDA version LibTorch was built with; the runtime it asks for does. With a
  # toolkit of another major version the process would load two runtimes.
  file(STRINGS "${LIBTORCH_ROOT}/lib/libc10_cuda.so" _torch_cuda REGEX "libcudart[.]so[.][0-9]+")
  if(_torch_cuda MATCHES "libcudart[.]so[.]([0-9]+)" AND
     NOT CMAKE_MATCH_1 EQUAL CUDAToolkit_VERSION_MAJOR)
    message(FATAL_ERROR
      "The LibTorch at ${LIBTORCH_ROOT} is built for CUDA ${CMAKE_MATCH_1}, but the toolkit in "
      "${CUDAToolkit_BIN_DIR} is CUDA ${CUDAToolkit_VERSION}: their major versions must agree. "
      "Name a CUDA ${CMAKE_MATCH_1} toolkit with CUDACXX=<its nvcc> in a fresh build folder, point "
      "LIBTORCH_ROOT at a LibTorch 2.11 for CUDA ${CUDAToolkit_VERSION_MAJOR}, or set "
      "DERMATOME_CUDA=OFF.")
  endif()
  add_library(torch::c10_cuda SHARED IMPORTED GLOBAL)
  set_target_properties(torch::c10_cuda PROPERTIES
    IMPORTED_LOCATION "${LIBTORCH_ROOT}/lib/libc10_cuda.so"
    INTERFACE_LINK_LIBRARIES "torch::c10;CUDA::cudart")
  add_library(torch::cuda SHARED IMPORTED GLOBAL)
  set_target_properties(torch::cuda PROPERTIES
    IMPORTED_LOCATION "${LIBTORCH_ROOT}/lib/libtorch_cuda.so"
    INTERFACE_COMPILE_DEFINITIONS USE_C10D_NCCL
    INTERFACE_LINK_LIBRARIES "torch::cpu;torch::c10_cuda")
  # Nothing calls into libtorch_cuda by name: it registers its kernels when it is loaded.
  target_link_libraries(torch::torch INTERFACE
    "-Wl,--no-as-needed,${LIBTORCH_ROOT}/lib/libtorch_cuda.so,--as-needed" torch::cuda)
endif()
