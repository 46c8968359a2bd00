// Which font files the machine has for a text, as fontconfig says.
#pragma once

#include <memory>
#include <string>

namespace dermatome {

enum class FontStyle { kRegular, kBold };

struct FontFile {
  std::string path;
  int index = 0;  // of the face in the file, as FreeType takes it
};

class FontFiles {
 public:
  // DejaVu Sans, or what the machine's fontconfig takes for it. Throws ConfigError naming a package
  // to install when it knows no scalable font.
  explicit FontFiles(FontStyle style);
  ~FontFiles();
  FontFiles(const FontFiles&) = delete;
  FontFiles& operator=(const FontFiles&) = delete;

  FontFile first() const;
  // The best font that has `character`; the first one when none has.
  FontFile with(char32_t character) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dermatome
