// Which GPUs were given to this process, by what its environment says.
#pragma once

#include <string>

#include "src/distributed/world.h"

namespace dermatome {

// Whether CUDA_VISIBLE_DEVICES is set and hides every GPU.
bool gpus_are_hidden(const Environment& environment);

// The variable that gives GPUs to this process: "CUDA_VISIBLE_DEVICES=0,1" or one that Slurm sets
// for a job or step with GPUs, "SLURM_GPUS_ON_NODE=2". Empty: none does, or all GPUs are hidden.
std::string given_gpus(const Environment& environment);

// Whether work that has been given GPUs must not run without one, unless it asks for the CPU:
// DERMATOME_REQUIRE_GPU=1, which the job scripts set (slurm/ranks.sh).
bool gpu_is_required(const Environment& environment);

}  // namespace dermatome
