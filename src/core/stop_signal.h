// Requests to stop soon, between two steps: SIGTERM and SIGUSR1, which Slurm sends before a time
// limit; SIGINT (Ctrl-C); SIGHUP, when a terminal closes; a log that nobody reads any more.
#pragma once

namespace dermatome {

// Installs the handlers; idempotent. Before this call each signal ends the process. A second SIGINT
// ends it afterwards, too. SIGINT and SIGHUP stay ignored if the process was started so (nohup).
void watch_stop_signals();

// Whether a request came since.
bool stop_signal_received();

// For messages, what stopped this process: "on request (SIGTERM)" with the first signal that it
// received, "on request" if only another process received one, or that its log lost its reader.
const char* stop_cause();

}  // namespace dermatome
