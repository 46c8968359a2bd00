#include "src/data/contact_sheet.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <utility>

#include "src/core/error.h"
#include "src/image/paint.h"
#include "src/image/resize.h"
#include "src/image/text_drawing.h"

namespace dermatome {
namespace {

constexpr Color kInk = {31, 35, 40};
constexpr Color kMuted = {106, 115, 125};
constexpr Color kFaint = {158, 166, 175};
constexpr Color kRule = {225, 228, 232};
constexpr Color kMarked = {240, 242, 244};  // behind a mark

constexpr int kMargin = 40;
constexpr int kContentWidth = kSheetWidth - 2 * kMargin;
constexpr int kTile = 224;  // side of a view on the page
constexpr int kGap = 16;
constexpr int kNoteHeight = 26;  // beneath a picture
constexpr int kLeading = 2;      // between the lines of a text

struct Fonts {
  TextPainter title{FontStyle::kBold, 24};
  TextPainter strong{FontStyle::kBold, 15};
  TextPainter body{FontStyle::kRegular, 16};
  TextPainter note{FontStyle::kRegular, 13};
};

// White paper that grows downwards.
class Page {
 public:
  // Room down to `bottom`.
  void extend(int bottom) {
    if (bottom <= image_.height) return;
    image_.height = bottom;
    image_.pixels.resize(static_cast<size_t>(bottom) * kSheetWidth * 3, kWhite.red);
  }

  // Returns where the next line begins.
  int write(const TextPainter& painter, std::string_view text, int left, int top, Color color) {
    extend(top + painter.line_height());
    painter.draw(text, left, top, color, image_);
    return top + painter.line_height();
  }

  int write_wrapped(const TextPainter& painter, std::string_view text, const Box& box,
                    int max_lines, Color color) {
    int top = box.top;
    for (const std::string& line : painter.wrap(text, box.width, max_lines)) {
      top = write(painter, line, box.left, top, color) + kLeading;
    }
    return top;
  }

  void shade(const Box& box, Color color) {
    extend(box.top + box.height);
    fill(box, color, image_);
  }

  void rule(int top) { shade({kMargin, top, kContentWidth, 1}, kRule); }

  // The picture, as large as fits into the box, in its upper left corner; a thin line around it
  // tells a white picture from the paper. Returns the room taken.
  Box place(const Image& image, const Box& box) {
    const double scale = std::min(static_cast<double>(box.width) / image.width,
                                  static_cast<double>(box.height) / image.height);
    const auto fit = [scale](int length) {
      return std::max(1, static_cast<int>(std::lround(length * scale)));
    };
    const Box taken = {box.left, box.top, fit(image.width), fit(image.height)};
    shade({taken.left - 1, taken.top - 1, taken.width + 2, taken.height + 2}, kRule);
    paste(resize(image, {0, 0, image.width, image.height}, taken.height, taken.width), taken.left,
          taken.top, image_);
    return taken;
  }

  Image finish(int bottom) {
    extend(bottom + kMargin);
    return std::move(image_);
  }

 private:
  Image image_ = black_image(0, kSheetWidth);
};

std::string join(std::span<const std::string> parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "  ·  ") + part;
  return text;
}

// One line, shortened to the width.
std::string one_line(const TextPainter& painter, std::string_view text, int width) {
  const auto lines = painter.wrap(text, width, 1);
  return lines.empty() ? std::string() : lines.front();
}

int write_heading(Page& page, const Fonts& fonts, std::string_view title,
                  std::string_view subtitle) {
  const int top = page.write(fonts.title, one_line(fonts.title, title, kContentWidth), kMargin,
                             kMargin - 8, kInk);
  return page.write(fonts.body, one_line(fonts.body, subtitle, kContentWidth), kMargin, top + 4,
                    kMuted) +
         20;
}

// The stored picture at the left in the room of two rows of two views, the views at its right.
int place_pictures(Page& page, const Fonts& fonts, const SheetRecord& record, int top) {
  constexpr int kColumns = 4;
  constexpr int kStoredSide = 2 * kTile + kGap;
  constexpr int kFirstView = kSheetWidth - kMargin - kColumns * kTile - (kColumns - 1) * kGap;
  const Box stored = page.place(record.stored, {kMargin, top, kStoredSide, kStoredSide});
  const std::string size = "stored, " + std::to_string(record.stored.width) + " x " +
                           std::to_string(record.stored.height) + " pixels";
  int bottom = page.write(fonts.note, size, kMargin, top + stored.height + 5, kMuted);
  for (size_t k = 0; k < record.views.size(); ++k) {
    const int left = kFirstView + static_cast<int>(k % kColumns) * (kTile + kGap);
    const int row = top + static_cast<int>(k / kColumns) * (kTile + kNoteHeight + kGap);
    page.place(record.views[k].picture, {left, row, kTile, kTile});
    const std::string note = one_line(fonts.note, record.views[k].note, kTile);
    bottom = std::max(bottom, page.write(fonts.note, note, left, row + kTile + 5, kMuted));
  }
  return bottom;
}

// A word on a shaded field. Returns where text may go on.
int write_mark(Page& page, const Fonts& fonts, std::string_view text, int left, int top) {
  constexpr int kPadding = 7;
  const int width = fonts.note.width(text) + 2 * kPadding;
  page.shade({left, top, width, fonts.body.line_height()}, kMarked);
  const int inset = (fonts.body.line_height() - fonts.note.line_height() + 1) / 2;
  page.write(fonts.note, text, left + kPadding, top + inset, kMuted);
  return left + width + 10;
}

int write_caption(Page& page, const Fonts& fonts, const SheetCaption& caption, int top) {
  constexpr int kPadding = 9;
  constexpr int kNameWidth = 200;
  constexpr int kMaxLines = 6;
  page.rule(top);
  top += kPadding;
  const bool used = caption.exists && caption.valid;
  page.write(fonts.body, one_line(fonts.body, caption.aspect, kNameWidth - kGap), kMargin, top,
             used ? kMuted : kFaint);
  int left = kMargin + kNameWidth;
  if (!caption.exists) {
    return page.write(fonts.body, "none", left, top, kFaint) + kPadding;
  }
  if (!caption.valid) left = write_mark(page, fonts, "masked", left, top);
  const Box room = {left, top, kSheetWidth - kMargin - left, 0};
  const int bottom =
      page.write_wrapped(fonts.body, caption.text, room, kMaxLines, used ? kInk : kFaint);
  return std::max(bottom, top + fonts.body.line_height()) + kPadding;
}

// Returns where the cell ends.
int place_cell(Page& page, const Fonts& fonts, const SheetRecord& record, int left, int top) {
  require(!record.views.empty(), "a record without a view in an overview");
  page.place(record.views.front().picture, {left, top, kTile, kTile});
  int bottom = page.write(fonts.strong, one_line(fonts.strong, record.source, kTile), left,
                          top + kTile + 7, kInk);
  for (const std::string& fact : record.facts) {
    bottom = page.write(fonts.note, one_line(fonts.note, fact, kTile), left, bottom + 2, kMuted);
  }
  if (record.captions.empty()) return bottom;
  const SheetCaption& caption = record.captions.front();
  return page.write_wrapped(fonts.note, caption.exists ? caption.text : "no caption",
                            {left, bottom + 6, kTile, 0}, /*max_lines=*/3,
                            caption.exists && caption.valid ? kInk : kFaint);
}

}  // namespace

Image draw_record_sheet(const SheetRecord& record) {
  const Fonts fonts;
  Page page;
  int top = write_heading(page, fonts, record.source, join(record.facts));
  top = place_pictures(page, fonts, record, top) + 28;
  for (const SheetCaption& caption : record.captions) {
    top = write_caption(page, fonts, caption, top);
  }
  if (!record.captions.empty()) page.rule(top);
  return page.finish(top);
}

Image draw_overview_sheet(const std::string& title, const std::string& subtitle,
                          std::span<const SheetRecord> records) {
  constexpr int kRowGap = 28;
  constexpr size_t kColumns = (kContentWidth + kGap) / (kTile + kGap);
  constexpr int kStep = (kContentWidth - kTile) / (static_cast<int>(kColumns) - 1);
  const Fonts fonts;
  Page page;
  int top = write_heading(page, fonts, title, subtitle);
  for (size_t first = 0; first < records.size(); first += kColumns) {
    int bottom = top;
    const size_t end = std::min(first + kColumns, records.size());
    for (size_t i = first; i < end; ++i) {
      const int left = kMargin + static_cast<int>(i - first) * kStep;
      bottom = std::max(bottom, place_cell(page, fonts, records[i], left, top));
    }
    top = bottom + kRowGap;
  }
  return page.finish(top - kRowGap);
}

}  // namespace dermatome
