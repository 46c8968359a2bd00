#include "src/image/font_files.h"

#include <fontconfig/fontconfig.h>

#include <vector>

#include "src/core/error.h"

namespace dermatome {
namespace {

struct Destroy {
  void operator()(FcConfig* config) const { FcConfigDestroy(config); }
  void operator()(FcPattern* pattern) const { FcPatternDestroy(pattern); }
  void operator()(FcFontSet* fonts) const { FcFontSetDestroy(fonts); }
};

template <typename T>
using Owned = std::unique_ptr<T, Destroy>;

const FcChar8* fc_text(const char* text) { return reinterpret_cast<const FcChar8*>(text); }

bool is_true(FcPattern* font, const char* property) {
  FcBool value = FcFalse;
  return FcPatternGetBool(font, property, 0, &value) == FcResultMatch && value == FcTrue;
}

// Outlines in one colour can be set in any size and ink; bitmaps and colour glyphs cannot.
bool is_usable(FcPattern* font) { return is_true(font, FC_SCALABLE) && !is_true(font, FC_COLOR); }

FontFile file_of(FcPattern* font) {
  FcChar8* path = nullptr;
  int index = 0;
  require(FcPatternGetString(font, FC_FILE, 0, &path) == FcResultMatch, "a font without a file");
  FcPatternGetInteger(font, FC_INDEX, 0, &index);
  return {reinterpret_cast<const char*>(path), index};
}

bool has(FcPattern* font, char32_t character) {
  FcCharSet* characters = nullptr;
  return FcPatternGetCharSet(font, FC_CHARSET, 0, &characters) == FcResultMatch &&
         FcCharSetHasChar(characters, character) == FcTrue;
}

}  // namespace

struct FontFiles::State {
  Owned<FcConfig> config;
  Owned<FcFontSet> fonts;          // owns what `usable` points to
  std::vector<FcPattern*> usable;  // best first
};

FontFiles::FontFiles(FontStyle style) : state_(std::make_unique<State>()) {
  // A configuration of its own: the process-wide one would never be freed.
  state_->config.reset(FcInitLoadConfigAndFonts());
  require(state_->config != nullptr, "fontconfig cannot start");
  const Owned<FcPattern> pattern(FcPatternCreate());
  FcPatternAddString(pattern.get(), FC_FAMILY, fc_text("DejaVu Sans"));
  FcPatternAddInteger(pattern.get(), FC_WEIGHT,
                      style == FontStyle::kBold ? FC_WEIGHT_BOLD : FC_WEIGHT_REGULAR);
  FcConfigSubstitute(state_->config.get(), pattern.get(), FcMatchPattern);
  FcDefaultSubstitute(pattern.get());
  FcResult result = FcResultMatch;
  state_->fonts.reset(
      FcFontSort(state_->config.get(), pattern.get(), /*trim=*/FcFalse, nullptr, &result));
  const FcFontSet* fonts = state_->fonts.get();
  for (int i = 0; fonts != nullptr && i < fonts->nfont; ++i) {
    if (is_usable(fonts->fonts[i])) state_->usable.push_back(fonts->fonts[i]);
  }
  if (state_->usable.empty()) {
    throw ConfigError(
        "no font to draw text with: fontconfig knows no scalable one; install DejaVu Sans (Debian: "
        "fonts-dejavu-core) and look with `fc-list`");
  }
}

FontFiles::~FontFiles() = default;

FontFile FontFiles::first() const { return file_of(state_->usable.front()); }

FontFile FontFiles::with(char32_t character) const {
  for (FcPattern* font : state_->usable) {
    if (has(font, character)) return file_of(font);
  }
  return first();
}

}  // namespace dermatome
