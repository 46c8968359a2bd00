// copy_safetensors IN OUT: reads the file IN and writes it to OUT, for safetensors_test.py.
#include <cstdio>
#include <exception>

#include "src/weights/safetensors.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: copy_safetensors IN OUT\n");
    return 2;
  }
  try {
    const auto tensors = dermatome::read_safetensors(argv[1]);
    dermatome::write_safetensors(argv[2], {tensors.begin(), tensors.end()});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
