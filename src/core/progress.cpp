#include "src/core/progress.h"

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <mutex>
#include <utility>

#include "src/core/live_line.h"
#include "src/core/log.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

std::string bar(double share) {
  constexpr int kWidth = 20;
  const auto filled = static_cast<size_t>(std::clamp(share, 0.0, 1.0) * kWidth);
  return text("[", std::string(filled, '#'), std::string(kWidth - filled, '.'), "]");
}

}  // namespace

std::string duration_text(double seconds) {
  const auto tenths = std::llround(std::clamp(seconds, 0.0, 1e12) * 10);
  if (tenths < 100) return format("%lld.%lld s", tenths / 10, tenths % 10);
  const auto whole = static_cast<int64_t>(std::llround(std::clamp(seconds, 0.0, 1e12)));
  const int64_t minutes = whole / 60;
  const int64_t hours = minutes / 60;
  if (whole < 60) return format("%" PRId64 " s", whole);
  if (hours == 0) return format("%" PRId64 " min %02" PRId64 " s", minutes, whole % 60);
  if (hours < 24) return format("%" PRId64 " h %02" PRId64 " min", hours, minutes % 60);
  return format("%" PRId64 " d %02" PRId64 " h", hours / 24, hours % 24);
}

Progress::Progress(std::string what, int64_t total) : Progress(std::move(what), total, Times()) {}

Progress::Progress(std::string what, int64_t total, const Times& times)
    : what_(std::move(what)), total_(total), times_(times) {}

Progress::~Progress() {
  const MutexLock lock(mutex_);
  remove();
}

void Progress::add(int64_t count, bool skipped) {
  const int64_t done = done_ += count;
  if (skipped) skipped_ += count;
  if (!mutex_.try_lock()) return;  // another thread looks at the clock
  const MutexLock lock(mutex_, std::adopt_lock);
  const auto now = Clock::now();
  if (done < total_) {
    if (now - start_ >= times_.quiet) show(done, now);
  } else {
    remove();
  }
}

void Progress::told() {
  const MutexLock lock(mutex_);
  last_logged_ = Clock::now();
}

void Progress::remove() {
  if (is_drawn_) clear_live_line();
  is_drawn_ = false;
}

void Progress::show(int64_t done, Clock::time_point now) {
  const bool may_draw = now - last_drawn_ >= times_.redraw;
  const bool may_log = now - last_logged_ >= times_.log;
  if (!may_draw && !may_log) return;
  const double share = static_cast<double>(done) / static_cast<double>(total_);
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(done - skipped_) / seconds;
  const std::string left = duration_text(static_cast<double>(total_ - done) / std::max(rate, 1e-9));
  const std::string state = format("%" PRId64 " of %" PRId64 " %s (%.0f %%), %.1f per second", done,
                                   total_, what_.c_str(), 100 * share, rate);
  if (live_line_shown()) {
    if (!may_draw) return;
    last_drawn_ = now;
    is_drawn_ = true;
    draw_live_line(text(bar(share), " ", state, ", ", left, " left"));
  } else if (may_log) {
    last_logged_ = now;
    log_info(text(state, ", about ", left, " left"));
  }
}

}  // namespace dermatome
