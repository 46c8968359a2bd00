// How `dermatome` ends after an error.
#pragma once

namespace dermatome {

// Installs the process's terminate handler: it reports the exception that nothing caught, in one
// line, and leaves with the exit code of its kind. `rank` is this process's.
//
// Once a Runtime exists, nothing is unwound on the way. Destructors of a half-done run join threads
// and close groups, and both can wait for a peer that waits for this rank; MPI_Finalize can as
// well. The end of the process, in contrast, reaches the peers at once: their collectives fail, and
// mpirun or srun ends the job. So work on ranks throws, and nothing around it catches: not even
// main(), which does it after its handlers (launcher/runtime.h). What is thrown before, while the
// command line and configurations are read, has no peers; main() catches it.
//
// One line for all ranks: whoever most likely knows the cause speaks first, and the launcher ends
// the others while they wait. Rank 0's own error is reported at once; another rank's own error
// waits a second or two, in case all ranks have the same; that a peer was lost is reported seconds
// after that.
void end_at_uncaught_errors(int rank);

// For a handler in main(): reports the exception that it caught in the same way and at the same
// time, and returns the exit code.
int report_caught_error();

}  // namespace dermatome
