#include "src/text/vocabulary.h"

#include <zlib.h>

#include "src/core/error.h"

__asm__(
    ".pushsection .rodata\n"
    "dermatome_vocabulary_begin:\n"
    ".incbin \"" DERMATOME_VOCABULARY
    "\"\n"
    "dermatome_vocabulary_end:\n"
    ".byte 0\n"
    ".popsection\n");

extern "C" {
extern const unsigned char dermatome_vocabulary_begin[] __attribute__((visibility("hidden")));
extern const unsigned char dermatome_vocabulary_end[] __attribute__((visibility("hidden")));
}

namespace dermatome {

std::string read_vocabulary() {
  constexpr int kGzip = 16;  // added to the window bits: expect a gzip header
  z_stream stream{};
  require(inflateInit2(&stream, MAX_WBITS + kGzip) == Z_OK, "zlib could not be set up");
  stream.next_in = const_cast<Bytef*>(dermatome_vocabulary_begin);
  stream.avail_in = static_cast<uInt>(dermatome_vocabulary_end - dermatome_vocabulary_begin);
  std::string text;
  int status = Z_OK;
  while (status == Z_OK) {
    char chunk[1 << 16];
    stream.next_out = reinterpret_cast<Bytef*>(chunk);
    stream.avail_out = sizeof(chunk);
    status = inflate(&stream, Z_NO_FLUSH);
    text.append(chunk, sizeof(chunk) - stream.avail_out);
  }
  inflateEnd(&stream);
  require(status == Z_STREAM_END, "the embedded vocabulary does not inflate");
  return text;
}

}  // namespace dermatome
