# Decides whether this build is the CUDA variant, and makes torch::cuda if it is.
#   DERMATOME_CUDA  ON, OFF or AUTO, which means ON if nothing is missing
#   CUDACXX, CUDA_PATH, CUDA_HOME (environment)  name a toolkit that is neither on the PATH nor in
#                   /usr/local/cuda; NCCL_ROOT names a folder with NCCL's include/
# Sets DERMATOME_WITH_CUDA and, with it, DERMATOME_CUDA_INCLUDES for the one C++ file that needs
# CUDA's headers. torch::cuda itself adds nothing to compile commands: objects without CUDA are the
# same in both variants.

# Sets `result` to the major version of the CUDA runtime that LibTorch asks for. It is read from the library,
# because no header of LibTorch states it.
function(_torch_cuda_major result)
  file(STRINGS "${LIBTORCH_ROOT}/lib/libc10_cuda.so" found REGEX "libcudart[.]so[.][0-9]+")
  if(found MATCHES "libcudart[.]so[.]([0-9]+)")
    set(${result} "${CMAKE_MATCH_1}" PARENT_SCOPE)
  else()
    message(FATAL_ERROR "${LIBTORCH_ROOT}/lib/libc10_cuda.so does not say which CUDA it is for")
  endif()
endfunction()

function(_toolkit_version nvcc result)
  execute_process(COMMAND "${nvcc}" --version OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(text MATCHES "release ([0-9]+[.][0-9]+)")
    set(${result} "${CMAKE_MATCH_1}" PARENT_SCOPE)
  else()
    message(FATAL_ERROR "${nvcc} --version does not name a CUDA release, but says: ${text}")
  endif()
endfunction()

set(DERMATOME_WITH_CUDA OFF)
if(DERMATOME_CUDA STREQUAL "OFF")
  message(STATUS "CUDA variant: OFF, as asked for")
  return()
elseif(NOT DERMATOME_CUDA MATCHES "^(AUTO|ON)$")
  message(FATAL_ERROR "DERMATOME_CUDA=${DERMATOME_CUDA}: must be AUTO, ON or OFF")
endif()

set(_missing "")
if(NOT EXISTS "${LIBTORCH_ROOT}/lib/libc10_cuda.so" OR
   NOT EXISTS "${LIBTORCH_ROOT}/lib/libtorch_cuda.so")
  list(APPEND _missing "CUDA libraries in LibTorch (tools/setup.sh --cuda and the preset cuda)")
endif()
if(DEFINED ENV{CUDACXX})
  set(DERMATOME_NVCC "$ENV{CUDACXX}" CACHE FILEPATH "CUDA's compiler")
endif()
find_program(DERMATOME_NVCC nvcc DOC "CUDA's compiler"
  HINTS "$ENV{CUDA_PATH}/bin" "$ENV{CUDA_HOME}/bin" PATHS /usr/local/cuda/bin)
if(NOT DERMATOME_NVCC)
  list(APPEND _missing "a CUDA toolkit (nvcc on the PATH, or CUDACXX or CUDA_HOME set)")
endif()
get_filename_component(_toolkit "${DERMATOME_NVCC}" DIRECTORY)
find_path(DERMATOME_NCCL_INCLUDE nccl.h DOC "Folder with nccl.h"
  HINTS "$ENV{NCCL_ROOT}/include" "${_toolkit}/../include")
if(NOT DERMATOME_NCCL_INCLUDE)
  list(APPEND _missing "NCCL's header nccl.h (set NCCL_ROOT)")
endif()
if(_missing)
  list(JOIN _missing "; " _missing)
  if(DERMATOME_CUDA STREQUAL "ON")
    message(FATAL_ERROR
      "DERMATOME_CUDA=ON, but missing with LIBTORCH_ROOT=${LIBTORCH_ROOT}: ${_missing}. Provide it, "
      "or set DERMATOME_CUDA=OFF.")
  endif()
  message(STATUS "CUDA variant: OFF; missing: ${_missing}")
  return()
endif()

# With a toolkit of another major version the process would load two CUDA runtimes.
_torch_cuda_major(_torch_major)
_toolkit_version("${DERMATOME_NVCC}" _toolkit_version)
if(NOT _toolkit_version MATCHES "^${_torch_major}[.]")
  message(FATAL_ERROR
    "LibTorch ${_torch_version} at ${LIBTORCH_ROOT} is built for CUDA ${_torch_major}, but the "
    "toolkit of ${DERMATOME_NVCC} is CUDA ${_toolkit_version}: their major versions must agree. Name a "
    "CUDA ${_torch_major} toolkit with CUDACXX=<its nvcc> in a fresh build folder, point "
    "LIBTORCH_ROOT at a LibTorch 2.11 for this CUDA, or set DERMATOME_CUDA=OFF.")
endif()

set(DERMATOME_WITH_CUDA ON)
set(CMAKE_CUDA_COMPILER "${DERMATOME_NVCC}")
# Ampere and Hopper; later generations run Hopper's PTX.
set(CMAKE_CUDA_ARCHITECTURES "80;90" CACHE STRING "GPU generations to compile kernels for")
set(CMAKE_CUDA_RUNTIME_LIBRARY None)  # linked below: CMake's choice would leave out its run path
enable_language(CUDA)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know that nvcc has C++20
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
endif()
message(STATUS
  "CUDA variant: ON; toolkit ${_toolkit_version}, GPU generations ${CMAKE_CUDA_ARCHITECTURES}")

set(DERMATOME_CUDA_INCLUDES ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES} "${DERMATOME_NCCL_INCLUDE}")
list(REMOVE_DUPLICATES DERMATOME_CUDA_INCLUDES)
list(REMOVE_ITEM DERMATOME_CUDA_INCLUDES ${CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES})
find_library(DERMATOME_CUDART cudart DOC "CUDA's runtime library" REQUIRED
  HINTS "${_toolkit}/../lib64" ${CMAKE_CUDA_IMPLICIT_LINK_DIRECTORIES})
add_library(torch::cudart SHARED IMPORTED GLOBAL)
set_target_properties(torch::cudart PROPERTIES IMPORTED_LOCATION "${DERMATOME_CUDART}")
add_library(torch::c10_cuda SHARED IMPORTED GLOBAL)
set_target_properties(torch::c10_cuda PROPERTIES
  IMPORTED_LOCATION "${LIBTORCH_ROOT}/lib/libc10_cuda.so"
  INTERFACE_LINK_LIBRARIES torch::c10)
add_library(torch::cuda SHARED IMPORTED GLOBAL)
# libtorch_cuda registers its kernels when it is loaded. No symbol of it is called directly, so the linker must
# be told to keep it.
set_target_properties(torch::cuda PROPERTIES
  IMPORTED_LOCATION "${LIBTORCH_ROOT}/lib/libtorch_cuda.so"
  INTERFACE_LINK_LIBRARIES "torch::torch;torch::c10_cuda;torch::cudart"
  INTERFACE_LINK_OPTIONS "LINKER:--no-as-needed,${LIBTORCH_ROOT}/lib/libtorch_cuda.so,--as-needed")
