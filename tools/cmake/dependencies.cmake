# Third-party packages, all from the system. tools/check_layers.py says which folders may use which of them.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(MPI REQUIRED COMPONENTS CXX)
# Some MPI wrappers add -pthread to compile commands, which would make the precompiled header invalid.
set_property(TARGET MPI::MPI_CXX PROPERTY INTERFACE_COMPILE_OPTIONS)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(ICU REQUIRED COMPONENTS uc i18n)
find_package(PNG REQUIRED)
find_package(TIFF REQUIRED)
find_package(GIF REQUIRED)
pkg_check_modules(turbojpeg REQUIRED IMPORTED_TARGET libturbojpeg)
pkg_check_modules(webp REQUIRED IMPORTED_TARGET libwebp)
# stb is a folder of headers.
find_path(STB_INCLUDE_DIR stb_image.h PATH_SUFFIXES stb REQUIRED)
add_library(stb::stb INTERFACE IMPORTED)
set_target_properties(stb::stb PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${STB_INCLUDE_DIR}")
pkg_check_modules(isal REQUIRED IMPORTED_TARGET libisal)
# CMake's own FindHDF5 runs a compiler wrapper that adds absolute paths, and not every installation
# of HDF5 has a pkg-config file.
find_path(HDF5_INCLUDE_DIR hdf5.h PATH_SUFFIXES hdf5/serial REQUIRED)
find_library(HDF5_LIBRARY hdf5 PATH_SUFFIXES hdf5/serial REQUIRED)
add_library(hdf5::hdf5 UNKNOWN IMPORTED)
set_target_properties(hdf5::hdf5 PROPERTIES
  IMPORTED_LOCATION "${HDF5_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${HDF5_INCLUDE_DIR}")
# LibTorch's public headers include gloo's; the code is in libtorch_cpu.
find_path(GLOO_INCLUDE_DIR gloo/transport/device.h REQUIRED)
target_include_directories(torch::c10 INTERFACE "${GLOO_INCLUDE_DIR}")

# Only tests use Python. tools/setup.sh --tests fills this environment.
if(DEFINED ENV{DERMATOME_CACHE})
  set(_python "$ENV{DERMATOME_CACHE}/venv/bin/python")
else()
  set(_python "$ENV{HOME}/.cache/dermatome/venv/bin/python")
endif()
set(DERMATOME_PYTHON "${_python}" CACHE FILEPATH "Python with tools/requirements_tests.txt installed")

# Paths inside the repository are hashed relative to the build folder, so that another build folder
# or another checkout finds the same objects (their debug information may name the first one).
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
endif()
