#include "src/image/text_drawing.h"

#include <fontconfig/fontconfig.h>
#include <freetype/freetype.h>
#include <freetype/ftoutln.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <unordered_map>
#include <utility>

#include "src/core/error.h"

namespace dermatome {
namespace {

constexpr FT_Pos kUnit = 64;  // FreeType's lengths are in 64ths of a pixel
constexpr char32_t kReplacement = 0xFFFD;
constexpr std::string_view kEllipsis = "…";

int round_up(FT_Pos length) { return static_cast<int>((length + kUnit - 1) / kUnit); }

// The character at `position`, which moves behind it.
char32_t next_character(std::string_view text, size_t& position) {
  FcChar32 character = 0;
  const auto left = static_cast<int>(std::min<size_t>(text.size() - position, 8));
  const int length =
      FcUtf8ToUcs4(reinterpret_cast<const FcChar8*>(text.data() + position), &character, left);
  position += static_cast<size_t>(std::max(length, 1));
  if (length < 1) return kReplacement;
  const bool is_control = character < 0x20 || (character >= 0x7F && character < 0xA0);
  return is_control ? U' ' : static_cast<char32_t>(character);
}

bool is_blank(char byte) { return static_cast<unsigned char>(byte) <= ' '; }

size_t skip_blanks(std::string_view text, size_t position) {
  while (position < text.size() && is_blank(text[position])) ++position;
  return position;
}

std::string without_last_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return std::string(text);
}

}  // namespace

struct TextPainter::State {
  struct Glyph {
    FT_Face face = nullptr;
    FT_UInt index = 0;
    FT_Pos advance = 0;
  };

  State(FontStyle style, int size_in_pixels) : files(style), size(size_in_pixels) {
    if (FT_Init_FreeType(&library) != 0) throw InternalError("FreeType cannot start");
  }
  ~State() { FT_Done_FreeType(library); }  // and all faces with it
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  FT_Face open(const FontFile& file);
  // Leaves the glyph's outline in its face's slot.
  void load(FT_Face face, FT_UInt index) const;
  const Glyph& glyph(char32_t character);
  // Where the line that starts at `start` and may be `width` wide ends: at the last blank that
  // fits (`at_blanks`) or behind the last character.
  size_t line_end(std::string_view text, size_t start, FT_Pos width, bool at_blanks);
  std::string elide(std::string_view text, FT_Pos width);
  FT_Pos advance(std::string_view text);

  FontFiles files;
  int size;
  FT_Library library = nullptr;
  std::map<std::pair<std::string, int>, FT_Face> faces;
  std::unordered_map<char32_t, Glyph> glyphs;
};

FT_Face TextPainter::State::open(const FontFile& file) {
  FT_Face& face = faces[{file.path, file.index}];
  if (face != nullptr) return face;
  if (FT_New_Face(library, file.path.c_str(), file.index, &face) != 0 ||
      FT_Set_Pixel_Sizes(face, 0, static_cast<FT_UInt>(size)) != 0) {
    throw DataError(file.path + ": FreeType cannot read this font; install it again");
  }
  return face;
}

void TextPainter::State::load(FT_Face face, FT_UInt index) const {
  // Hinted in height only, so that stems stay sharp and letters can stand between pixels.
  if (FT_Load_Glyph(face, index, FT_LOAD_NO_BITMAP | FT_LOAD_TARGET_LIGHT) != 0) {
    throw DataError(std::string(face->family_name == nullptr ? "a font" : face->family_name) +
                    ": FreeType cannot read glyph " + std::to_string(index) +
                    "; install this font again");
  }
}

const TextPainter::State::Glyph& TextPainter::State::glyph(char32_t character) {
  const auto [place, is_new] = glyphs.try_emplace(character);
  Glyph& found = place->second;
  if (!is_new) return found;
  found.face = open(files.first());
  found.index = FT_Get_Char_Index(found.face, character);
  if (found.index == 0) {
    found.face = open(files.with(character));
    found.index = FT_Get_Char_Index(found.face, character);
  }
  load(found.face, found.index);
  found.advance = found.face->glyph->linearHoriAdvance / 1024;  // of 16.16
  return found;
}

size_t TextPainter::State::line_end(std::string_view text, size_t start, FT_Pos width,
                                    bool at_blanks) {
  FT_Pos pen = 0;
  size_t last_blank = start;
  size_t position = start;
  while (position < text.size()) {
    const size_t here = position;
    pen += glyph(next_character(text, position)).advance;
    if (is_blank(text[here])) {
      last_blank = here;
    } else if (pen > width) {
      if (at_blanks && last_blank > start) return last_blank;
      return here > start ? here : position;
    }
  }
  return text.size();
}

std::string TextPainter::State::elide(std::string_view text, FT_Pos width) {
  const size_t end = line_end(text, 0, width - advance(kEllipsis), /*at_blanks=*/false);
  return without_last_blanks(text.substr(0, end)).append(kEllipsis);
}

FT_Pos TextPainter::State::advance(std::string_view text) {
  FT_Pos sum = 0;
  for (size_t position = 0; position < text.size();) {
    sum += glyph(next_character(text, position)).advance;
  }
  return sum;
}

TextPainter::TextPainter(FontStyle style, int size) : state_(std::make_unique<State>(style, size)) {
  require(size > 0, "text of no size");
  state_->open(state_->files.first());
}

TextPainter::~TextPainter() = default;

int TextPainter::line_height() const {
  const FT_Size_Metrics& metrics = state_->open(state_->files.first())->size->metrics;
  return round_up(metrics.ascender) + round_up(-metrics.descender);
}

int TextPainter::width(std::string_view text) const { return round_up(state_->advance(text)); }

std::vector<std::string> TextPainter::wrap(std::string_view text, int width, int max_lines) const {
  require(max_lines > 0, "text in no lines");
  std::vector<std::string> lines;
  const FT_Pos limit = width * kUnit;
  size_t start = skip_blanks(text, 0);
  while (start < text.size()) {
    const size_t end = state_->line_end(text, start, limit, /*at_blanks=*/true);
    const size_t next = skip_blanks(text, end);
    if (std::ssize(lines) + 1 == max_lines && next < text.size()) {
      lines.push_back(state_->elide(text.substr(start), limit));
      break;
    }
    lines.push_back(without_last_blanks(text.substr(start, end - start)));
    start = next;
  }
  return lines;
}

void TextPainter::draw(std::string_view text, int left, int top, Color color, Image& target) const {
  const int baseline = top + round_up(state_->open(state_->files.first())->size->metrics.ascender);
  FT_Pos pen = left * kUnit;
  for (size_t position = 0; position < text.size();) {
    const State::Glyph& glyph = state_->glyph(next_character(text, position));
    state_->load(glyph.face, glyph.index);
    FT_GlyphSlot slot = glyph.face->glyph;
    if (slot->format == FT_GLYPH_FORMAT_OUTLINE) {
      FT_Outline_Translate(&slot->outline, pen & (kUnit - 1), 0);
    }
    if (FT_Render_Glyph(slot, FT_RENDER_MODE_NORMAL) != 0) {
      throw DataError("FreeType cannot draw a letter; install the machine's fonts again");
    }
    const FT_Bitmap& bitmap = slot->bitmap;
    const int x = static_cast<int>(pen >> 6) + slot->bitmap_left;
    const int y = baseline - slot->bitmap_top;
    for (int row = 0; row < static_cast<int>(bitmap.rows); ++row) {
      for (int column = 0; column < static_cast<int>(bitmap.width); ++column) {
        blend(x + column, y + row, color,
              bitmap.buffer[static_cast<ptrdiff_t>(row) * bitmap.pitch + column], target);
      }
    }
    pen += glyph.advance;
  }
}

}  // namespace dermatome
