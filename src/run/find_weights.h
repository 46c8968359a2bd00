// What a user may name where weights are asked for, as --checkpoint and model.pretrained.
#pragma once

#include <filesystem>
#include <string>

namespace dermatome {

// The file or folder, for read_weights(), that `given` stands for:
//
//   a run's directory, its name in `output`, or its folder of checkpoints: the newest checkpoint
//     that verifies
//   RUN:STEP, a run's directory or name and a step: that checkpoint, verified
//   a directory of a run of open_clip, or its folder of checkpoints: epoch_latest.pt, which
//     open_clip replaces after every epoch, else the epoch_N.pt with the largest N
//   hf-hub:ORGANIZATION/NAME, or the model's folder in Hugging Face's cache: its files there
//     (src/weights/hugging_face_cache.h)
//   anything else that exists, or that has a file's extension: itself
//
// Logs what was found if it is not `given` itself. Throws DataError for a run without a checkpoint;
// for what does not exist, with the names of the runs that do; and what find_step(),
// find_newest_checkpoint() and find_cached_model() throw.
std::filesystem::path find_weights(const std::string& given, const std::filesystem::path& output);

}  // namespace dermatome
