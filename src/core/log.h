// Logging set-up. Everything else logs with spdlog's own functions (spdlog::info and so on).
#pragma once

namespace dermatome {

// Lines go to standard error as `date,time | LEVEL | message`; with more than one rank the rank is
// named, and ranks above 0 only speak from the level of a warning up.
void initialise_logging(int rank, int world_size);

}  // namespace dermatome
