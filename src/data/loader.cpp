#include "src/data/loader.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <exception>
#include <limits>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "src/config/data_options.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/core/thread_annotations.h"
#include "src/data/augmentation.h"
#include "src/data/patch_dropout.h"
#include "src/data/quarantine.h"
#include "src/data/sample_order.h"

namespace dermatome {
namespace {

// How many other samples a place tries when its own is damaged. Even if only one record in a
// hundred is whole, all of them are damaged only once in 23,000 times.
constexpr int64_t kMostStandIns = 1000;

constexpr int64_t kNotReading = -1;

void check(const LoaderOptions& options, int64_t num_places) {
  require(options.data.workers >= 1 && options.data.prefetch >= 1,
          "a loader without readers, or with no batch to read ahead");
  require(options.global_batch >= 1, "a global batch of no samples");
  require(options.first >= 0 && options.count >= 0 &&
              options.first + options.count <= options.global_batch,
          "a rank's slice leaves the global batch");
  require(!options.training || num_places >= options.global_batch,
          "a global batch larger than an epoch");
}

// Blocks, and samples drawn with replacement, come from anywhere in the data. If more shards are
// read by turns than stay open, they are closed and opened again all the time.
void warn_of_closed_shards(const DataOptions& data, const ShardedDataset& dataset) {
  const int64_t shards = dataset.num_shards();
  const int64_t open = dataset.max_open_shards();
  const int64_t shard_size = (dataset.size() + shards - 1) / shards;
  const int64_t shards_per_block = std::min(shards, 1 + (data.shuffle_block - 1) / shard_size);
  const bool resampled = data.sampling == Sampling::kResampled;
  const int64_t read =
      resampled ? shards
                : std::min(shards, std::min(shards, data.shuffle_window) * shards_per_block);
  if (read <= open) return;
  const std::string cost = text(read, " shards by turns, but only ", open,
                                " stay open: they are closed and opened again all the time, which "
                                "is slow; ");
  log_warning(resampled ? text("data.sampling resampled reads ", cost,
                               "make fewer, larger shards, or take data.sampling shuffle")
                        : text("data.shuffle_window ", data.shuffle_window, " reads ", cost,
                               "lower it to ", std::max<int64_t>(1, open / shards_per_block)));
}

template <typename Function>
std::exception_ptr error_of(Function&& function) {
  try {
    function();
    return nullptr;
  } catch (...) {
    return std::current_exception();
  }
}

// A batch in the making. The readers claim its samples one by one; the reader that completes the
// last one adds what belongs to the batch as a whole.
struct Pending {
  Batch batch;
  int64_t first_place = 0;     // within the epoch
  uint8_t* pixels = nullptr;   // of batch.images
  int64_t* patches = nullptr;  // of batch.kept_patches; null: all are kept
  std::vector<SamplePlace> rows;
  // The id that is being read for each sample; kNotReading before and after.
  std::vector<std::atomic<int64_t>> reading;
  // One task per sample; a batch without samples has one, which completes it.
  int64_t num_tasks = 0;
  int64_t num_claimed = 0;
  int64_t num_done = 0;
  bool ready = false;
  std::exception_ptr error;  // of the first sample, in the batch's order, that failed
  int64_t error_task = std::numeric_limits<int64_t>::max();
};

}  // namespace

struct Loader::State {
 public:
  State(const ShardedDataset& dataset, const LoaderOptions& options, int64_t epoch, int64_t step);
  ~State();

  std::optional<Batch> next();
  int64_t steps_per_epoch() const;

 private:
  void wait_for_batch(MutexLock& lock) REQUIRES(mutex_);
  std::string shards_waited_for() const REQUIRES(mutex_);
  void read(const std::stop_token& stop);
  bool has_work() const REQUIRES(mutex_);
  Pending& claimable_batch() REQUIRES(mutex_);
  void open_batch() REQUIRES(mutex_);
  void decode_sample(Pending& pending, int64_t i, int64_t place, Image& image) const;
  void load_sample(Pending& pending, int64_t i) const;
  void finish_batch(Pending& pending) const;

  const ShardedDataset& dataset_;
  const LoaderOptions options_;
  const int64_t epoch_;
  const int64_t step_;
  int64_t num_places_ = 0;              // per epoch
  std::unique_ptr<SampleOrder> order_;  // in training
  mutable Quarantine quarantine_;
  int64_t num_batches_ = 0;

  // Does not guard a batch's samples: they belong to the readers that claimed them.
  Mutex mutex_;
  ConditionVariable work_;
  ConditionVariable ready_;
  // In order. Grows at the end and shrinks at the front, so references stay valid.
  std::deque<Pending> pending_ GUARDED_BY(mutex_);
  int64_t num_opened_ GUARDED_BY(mutex_) = 0;
  int64_t num_handed_out_ GUARDED_BY(mutex_) = 0;
  std::vector<std::jthread> readers_;  // last member: joined before anything they use goes away
};

Loader::State::State(const ShardedDataset& dataset, const LoaderOptions& options, int64_t epoch,
                     int64_t step)
    : dataset_(dataset),
      options_(options),
      epoch_(epoch),
      step_(step),
      quarantine_(options.data.max_corrupt) {
  num_places_ =
      options_.training ? samples_per_epoch(options_.data, dataset_.size()) : dataset_.size();
  check(options_, num_places_);
  if (options_.training) {
    order_ = make_order(options_.seed, options_.data, dataset_.source_sizes());
    num_batches_ = std::numeric_limits<int64_t>::max();
    // One rank warns for all.
    if (options_.first == 0) warn_of_closed_shards(options_.data, dataset_);
  } else {
    num_batches_ = std::max<int64_t>(0, steps_per_epoch() - step_);
  }
  for (int64_t i = 0; i < options_.data.workers; ++i) {
    readers_.emplace_back([this](const std::stop_token& stop) { read(stop); });
  }
}

Loader::State::~State() {
  // All readers are asked to stop before the first one is joined.
  for (std::jthread& reader : readers_) reader.request_stop();
}

int64_t Loader::State::steps_per_epoch() const {
  const int64_t full = num_places_ / options_.global_batch;
  const bool partial = num_places_ % options_.global_batch != 0;
  return options_.training ? full : full + partial;
}

std::optional<Batch> Loader::State::next() {
  MutexLock lock(mutex_);
  if (num_handed_out_ == num_batches_) return std::nullopt;
  wait_for_batch(lock);
  Pending pending = std::move(pending_.front());
  pending_.pop_front();
  ++num_handed_out_;
  lock.unlock();
  work_.notify_one();
  if (pending.error) std::rethrow_exception(pending.error);
  return std::move(pending.batch);
}

void Loader::State::wait_for_batch(MutexLock& lock) {
  const StallLimits& limits = options_.stall;
  const auto slice = std::max(limits.warning / 60, std::chrono::milliseconds(1));
  const auto ready = [this]()
                         REQUIRES(mutex_) { return !pending_.empty() && pending_.front().ready; };
  const auto num_done = [this]() REQUIRES(mutex_) {
    return pending_.empty() ? 0 : pending_.front().num_done;
  };
  int64_t done = num_done();
  // Counted, not read from a clock: the time of a suspended job does not count.
  std::chrono::milliseconds waited(0);
  bool warned = false;
  while (!ready_.wait_for(lock, slice, ready)) {
    waited += slice;
    if (num_done() != done) {  // slow, but no stall
      done = num_done();
      waited = std::chrono::milliseconds(0);
      warned = false;
    }
    if (waited < (warned ? limits.error : limits.warning)) continue;
    const std::string problem =
        text("no sample of the next batch was read for ", waited.count() / 1000,
             " s; waiting for: ", shards_waited_for());
    if (warned) throw StorageLost(problem + "; check the file system, then continue");
    log_warning(problem);
    warned = true;
  }
}

std::string Loader::State::shards_waited_for() const {
  std::set<std::string> paths;
  if (!pending_.empty()) {
    for (const std::atomic<int64_t>& id : pending_.front().reading) {
      if (id != kNotReading) paths.insert(dataset_.shard_path(id).string());
    }
  }
  std::string list;
  for (const std::string& path : paths) list += (list.empty() ? "shard " : ", shard ") + path;
  return list.empty() ? "no shard; the processors may be busy with something else" : list;
}

void Loader::State::read(const std::stop_token& stop) {
  MutexLock lock(mutex_);
  while (work_.wait(lock, stop, [this]() REQUIRES(mutex_) { return has_work(); }) &&
         !stop.stop_requested()) {
    Pending& pending = claimable_batch();
    const int64_t task = pending.num_claimed++;
    // All earlier samples have been claimed, so a later one cannot change the batch's error, and is
    // not read: where storage is gone, each would be waited for.
    const bool failed = pending.error != nullptr;
    lock.unlock();
    std::exception_ptr error = error_of([&] {
      if (!failed && task < std::ssize(pending.rows)) load_sample(pending, task);
    });
    lock.lock();
    if (task < std::ssize(pending.reading)) {
      pending.reading[static_cast<size_t>(task)] = kNotReading;
    }
    if (error && task < pending.error_task) {
      pending.error = error;
      pending.error_task = task;
    }
    if (++pending.num_done < pending.num_tasks) continue;
    if (!pending.error) {
      lock.unlock();
      error = error_of([&] { finish_batch(pending); });
      lock.lock();
      pending.error = error;
    }
    pending.ready = true;
    ready_.notify_all();
  }
}

bool Loader::State::has_work() const {
  if (!pending_.empty() && pending_.back().num_claimed < pending_.back().num_tasks) return true;
  return num_opened_ < num_batches_ && std::ssize(pending_) < options_.data.prefetch;
}

Pending& Loader::State::claimable_batch() {
  if (pending_.empty() || pending_.back().num_claimed == pending_.back().num_tasks) {
    open_batch();
    work_.notify_all();
  }
  return pending_.back();
}

void Loader::State::open_batch() {
  const int64_t steps = step_ + num_opened_++;
  Pending& pending = pending_.emplace_back();
  Batch& batch = pending.batch;
  batch.epoch = epoch_ + steps / steps_per_epoch();
  batch.step = steps % steps_per_epoch();
  pending.first_place = batch.step * options_.global_batch + options_.first;
  pending.num_tasks = 1;
  pending.error = error_of([&] {
    const int64_t count = std::clamp<int64_t>(num_places_ - pending.first_place, 0, options_.count);
    const int64_t size = options_.image_size;
    batch.images = at::empty({count, 3, size, size}, at::kByte);
    pending.pixels = batch.images.mutable_data_ptr<uint8_t>();
    if (options_.kept_patches > 0) {
      batch.kept_patches = at::empty({count, options_.kept_patches}, at::kLong);
      pending.patches = batch.kept_patches.mutable_data_ptr<int64_t>();
    }
    batch.sample_ids.resize(static_cast<size_t>(count));
    pending.rows.resize(static_cast<size_t>(count));
    pending.reading = std::vector<std::atomic<int64_t>>(static_cast<size_t>(count));
    for (std::atomic<int64_t>& id : pending.reading) id = kNotReading;
    pending.num_tasks = std::max<int64_t>(count, 1);
  });
}

// Decodes the batch's sample `i`: the one of `place` or, where its record is damaged and may be
// left out, another one. Which one does not depend on the rank that meets it.
void Loader::State::decode_sample(Pending& pending, int64_t i, int64_t place, Image& image) const {
  int64_t id = order_ ? order_->sample(pending.batch.epoch, place) : place;
  for (int64_t attempt = 1;; ++attempt) {
    pending.reading[static_cast<size_t>(i)] = id;
    const SamplePlace sample = dataset_.locate(id);
    pending.batch.sample_ids[static_cast<size_t>(i)] = id;
    pending.rows[static_cast<size_t>(i)] = sample;
    try {
      return sample.shard->decode(sample.row, image);
    } catch (const CorruptRecord& error) {
      if (!order_ || options_.data.on_corrupt == Corrupt::kFail) throw;
      quarantine_.add(id, error.what());
      if (attempt > kMostStandIns) {
        throw DataError(text(error.what(), "; ", kMostStandIns,
                             " records drawn in its place are damaged too: too few are whole"));
      }
    }
    id = order_->stand_in(pending.batch.epoch, place, attempt);
  }
}

void Loader::State::load_sample(Pending& pending, int64_t i) const {
  const int64_t place = pending.first_place + i;
  thread_local Image image;
  decode_sample(pending, i, place, image);
  const auto size = static_cast<int>(options_.image_size);
  const size_t count = static_cast<size_t>(size) * static_cast<size_t>(size);
  const Planes planes = planes_at(pending.pixels + static_cast<size_t>(i) * 3 * count, count);
  if (options_.training) {
    const auto parameters = draw_augmentation(options_.augmentation, image.height, image.width,
                                              options_.seed, pending.batch.epoch, place);
    augment(image, parameters, size, planes);
  } else {
    try {
      to_planes(center_crop(resize_shorter_side(image, size), size), planes);
    } catch (const DataError& error) {
      const auto& [shard, row] = pending.rows[static_cast<size_t>(i)];
      throw DataError(text(shard->where(row), ": ", error.what()));
    }
  }
  if (pending.patches) {
    const auto kept = static_cast<size_t>(options_.kept_patches);
    draw_kept_patches({pending.patches + i * options_.kept_patches, kept}, options_.num_patches,
                      options_.seed, pending.batch.epoch, place);
  }
}

void Loader::State::finish_batch(Pending& pending) const {
  BatchTexts texts = collect_texts(pending.rows, dataset_.num_captions(), options_.texts);
  pending.batch.tokens = std::move(texts.tokens);
  pending.batch.lengths = std::move(texts.lengths);
  pending.batch.caption = std::move(texts.caption);
  pending.batch.mask = std::move(texts.mask);
}

Loader::Loader(const ShardedDataset& dataset, const LoaderOptions& options, int64_t epoch,
               int64_t step)
    : state_(std::make_unique<State>(dataset, options, epoch, step)) {}

Loader::~Loader() = default;

std::optional<Batch> Loader::next() { return state_->next(); }

int64_t Loader::steps_per_epoch() const { return state_->steps_per_epoch(); }

}  // namespace dermatome
