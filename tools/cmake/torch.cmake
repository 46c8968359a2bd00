# Imported targets for LibTorch, made from its files and not by find_package(Torch), which demands a CUDA
# toolkit even for a CPU build and overrides the caller's CUDA architectures.
#   LIBTORCH_ROOT  the folder that holds include/ and lib/ (cache variable or environment variable);
#                  without it, the folder that tools/setup.sh unpacked: the CUDA variant if
#                  DERMATOME_CUDA is ON, else the CPU variant
# The project links torch::torch.

if(NOT LIBTORCH_ROOT)
  if(DEFINED ENV{LIBTORCH_ROOT})
    set(LIBTORCH_ROOT "$ENV{LIBTORCH_ROOT}")
  else()
    set(_cache "$ENV{HOME}/.cache/dermatome")
    if(DEFINED ENV{DERMATOME_CACHE})
      set(_cache "$ENV{DERMATOME_CACHE}")
    endif()
    set(_flavor "")
    if(DERMATOME_CUDA STREQUAL "ON")
      set(_flavor "-cuda")
    endif()
    set(LIBTORCH_ROOT "${_cache}/libtorch-2.11.0${_flavor}/torch")
  endif()
endif()
set(LIBTORCH_ROOT "${LIBTORCH_ROOT}" CACHE PATH "Folder that holds LibTorch's include/ and lib/")

set(_torch_version_header "${LIBTORCH_ROOT}/include/torch/headeronly/version.h")
if(NOT EXISTS "${LIBTORCH_ROOT}/lib/libtorch_cpu.so" OR NOT EXISTS "${_torch_version_header}")
  set(_remedy "tools/setup.sh")
  if(DERMATOME_CUDA STREQUAL "ON")
    set(_remedy "tools/setup.sh --cuda")
  endif()
  message(FATAL_ERROR
    "No LibTorch at LIBTORCH_ROOT=${LIBTORCH_ROOT}. Run ${_remedy}, which unpacks it, or set "
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
message(STATUS "LibTorch ${_torch_version} at ${LIBTORCH_ROOT}")

# The CUDA variant's include/ is a link to that of the CPU variant. It is named by its real path, so that both
# builds compile with the same commands and ccache can use the objects of one build for the other.
file(REAL_PATH "${LIBTORCH_ROOT}/include" _torch_include)
add_library(torch::c10 SHARED IMPORTED GLOBAL)
set_target_properties(torch::c10 PROPERTIES
  IMPORTED_LOCATION "${LIBTORCH_ROOT}/lib/libc10.so"
  INTERFACE_INCLUDE_DIRECTORIES "${_torch_include};${_torch_include}/torch/csrc/api/include"
  INTERFACE_COMPILE_DEFINITIONS "USE_DISTRIBUTED;USE_C10D_GLOO")
add_library(torch::torch SHARED IMPORTED GLOBAL)
set_target_properties(torch::torch PROPERTIES
  IMPORTED_LOCATION "${LIBTORCH_ROOT}/lib/libtorch_cpu.so"
  INTERFACE_LINK_LIBRARIES torch::c10)
