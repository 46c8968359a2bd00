# Functions for the project's targets: a library, a program, a test.

set(DERMATOME_WARNINGS -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion)
# Warnings are errors only with Debian 12's compiler. Other compilers warn about other things, also in
# LibTorch's headers.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION MATCHES "^12[.]")
  list(APPEND DERMATOME_WARNINGS -Werror)
endif()
# clang checks which mutex guards which member (src/core/thread_annotations.h).
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  list(APPEND DERMATOME_WARNINGS -Wthread-safety -Werror=thread-safety)
endif()

function(dermatome_options target)
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${DERMATOME_WARNINGS}>)
  target_compile_options(${target} PRIVATE
    "$<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings;-Xcompiler=-Wall,-Wextra,-Wshadow>")
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  if(DERMATOME_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${DERMATOME_SANITIZE} -fno-omit-frame-pointer
      -fno-sanitize-recover=undefined)
    target_link_options(${target} PUBLIC -fsanitize=${DERMATOME_SANITIZE})
  endif()
endfunction()

# ATen's headers take more than ten seconds to compile for each file that includes them. One
# precompiled header holds them for every target that says TORCH, so these targets are all built with
# the same flags. Loading it takes several seconds too: sources that need no more of LibTorch than the
# declaration of a tensor are listed under PLAIN and do without it where sources are compiled one by one.
# tools/check_layers.py compares both lists with what the sources include.
add_library(dermatome_torch OBJECT ${PROJECT_SOURCE_DIR}/tools/cmake/precompiled.cpp)
dermatome_options(dermatome_torch)
target_link_libraries(dermatome_torch PUBLIC torch::torch)
target_precompile_headers(dermatome_torch PRIVATE
  <ATen/ATen.h>
  <torch/csrc/autograd/autograd.h>
  <torch/csrc/autograd/custom_function.h>
  <memory> <string> <vector>)

# _compile_together(target): with DERMATOME_UNITY up to 16 sources of the target are compiled as one. What
# they include, above all the precompiled header, is then read, and its templates instantiated, once for all.
function(_compile_together target)
  if(DERMATOME_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 16)
    # The compiler takes the unnamed namespace of a source for that of an included file, and warns about it.
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()

# _use_torch(target VISIBILITY plain sources…): links LibTorch and uses the precompiled header.
function(_use_torch target visibility)
  target_link_libraries(${target} ${visibility} torch::torch)
  target_compile_options(${target} PRIVATE -fPIC)  # as the precompiled header has it; CMake would say -fPIE
  target_precompile_headers(${target} REUSE_FROM dermatome_torch)
  if(ARGN)
    set_source_files_properties(${ARGN} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  endif()
endfunction()

# dermatome_library(name [TORCH] SOURCES a.cpp … [PLAIN b.cpp …] [LINK public…] [LINK_PRIVATE private…])
function(dermatome_library name)
  cmake_parse_arguments(arg "TORCH" "" "SOURCES;PLAIN;LINK;LINK_PRIVATE" ${ARGN})
  add_library(dermatome_${name} STATIC ${arg_SOURCES} ${arg_PLAIN})
  add_library(dermatome::${name} ALIAS dermatome_${name})
  dermatome_options(dermatome_${name})
  _compile_together(dermatome_${name})
  target_link_libraries(dermatome_${name} PUBLIC ${arg_LINK} PRIVATE ${arg_LINK_PRIVATE})
  if(arg_TORCH)
    _use_torch(dermatome_${name} PUBLIC ${arg_PLAIN})
  endif()
endfunction()

# dermatome_executable(name SOURCES a.cpp … [PLAIN b.cpp …] LINK libs…)
function(dermatome_executable name)
  cmake_parse_arguments(arg "" "" "SOURCES;PLAIN;LINK" ${ARGN})
  add_executable(${name} ${arg_SOURCES} ${arg_PLAIN})
  dermatome_options(${name})
  _compile_together(${name})
  target_link_libraries(${name} PRIVATE ${arg_LINK})
  _use_torch(${name} PRIVATE ${arg_PLAIN})
endfunction()

# The tests that say ASAN, labeled `asan`. tools/test.sh builds and runs them with sanitizers.
add_custom_target(asan_tests)
# The tests that say TSAN, labeled `tsan`. tools/check_more.sh builds and runs them with the thread sanitizer.
add_custom_target(tsan_tests)
# LibTorch, Gloo and HDF5 are not built with the thread sanitizer, which therefore sees neither their
# locks nor their writes. Calls from these libraries are ignored; the file lists every other false report.
string(JOIN ":" DERMATOME_TSAN_OPTIONS
  "suppressions=${PROJECT_SOURCE_DIR}/tests/support/tsan.supp" ignore_noninstrumented_modules=1)

# dermatome_test(name [TORCH] [ASAN] [TSAN] SOURCES a_test.cpp … [PLAIN b_test.cpp …] LINK libs… [RANKS 1 2 …] [TIMEOUT s] [LABEL l])
# Adds a GoogleTest program. With RANKS its main is tests/support/mpi_main.cpp, and mpirun runs it once for
# every number of ranks; without RANKS it runs alone.
function(dermatome_test name)
  cmake_parse_arguments(arg "TORCH;ASAN;TSAN" "TIMEOUT;LABEL" "SOURCES;PLAIN;LINK;RANKS" ${ARGN})
  set(label "${arg_LABEL}")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES} ${arg_PLAIN})
  dermatome_options(${name})
  _compile_together(${name})
  target_link_libraries(${name} PRIVATE ${arg_LINK} GTest::gmock)
  if(arg_TORCH)
    _use_torch(${name} PRIVATE ${arg_PLAIN})
  endif()
  target_compile_definitions(${name} PRIVATE
    DERMATOME_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    DERMATOME_BINARY="$<TARGET_FILE:dermatome>")
  if(arg_ASAN)
    add_dependencies(asan_tests ${name})
    list(APPEND label asan)
  endif()
  if(arg_TSAN)
    add_dependencies(tsan_tests ${name})
    list(APPEND label tsan)
  endif()
  if(arg_RANKS)
    target_link_libraries(${name} PRIVATE dermatome::test_mpi_main)
    foreach(ranks IN LISTS arg_RANKS)
      add_test(NAME ${name}.${ranks}
        COMMAND ${PROJECT_SOURCE_DIR}/tests/support/mpirun.sh ${ranks} $<TARGET_FILE:${name}>)
      set_tests_properties(${name}.${ranks} PROPERTIES
        TIMEOUT ${arg_TIMEOUT} PROCESSORS ${ranks} LABELS "${label}")
    endforeach()
  else()
    target_link_libraries(${name} PRIVATE GTest::gtest_main)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${label}")
    if(arg_TSAN AND DERMATOME_SANITIZE STREQUAL "thread")
      set_tests_properties(${name} PROPERTIES
        ENVIRONMENT "TSAN_OPTIONS=${DERMATOME_TSAN_OPTIONS};OMP_NUM_THREADS=1")
    endif()
  endif()
endfunction()
