// How `dermatome` ends after an error.
#pragma once

namespace dermatome {

// Installs the process's terminate handler: it reports the exception that nothing caught, in one
// line, and leaves with the exit code of its kind. `rank` is this process's.
//
// Nothing is unwound on the way. Destructors of a half-done run join threads and close groups, and
// both can wait for a peer that waits for this rank; MPI_Finalize can as well. The end of the
// process, in contrast, reaches the peers at once: their collectives fail, and mpirun or srun ends
// the job. So commands throw, and no catch (...) between them and main() ends an error.
//
// One line for all ranks: whoever most likely knows the cause speaks first, and the launcher ends
// the others while they wait. Rank 0's own error is reported at once; another rank's own error
// waits a second or two, in case all ranks have the same; that a peer was lost is reported seconds
// after that.
void end_at_uncaught_errors(int rank);

}  // namespace dermatome
