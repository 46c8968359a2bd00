// SIGTERM and SIGUSR1 as a request to stop soon, between two steps, as Slurm sends them before a
// time limit.
#pragma once

namespace dermatome {

// Installs the handlers; idempotent. Before this call a signal ends the process.
void watch_stop_signals();

// Whether one of the signals came since.
bool stop_signal_received();

}  // namespace dermatome
