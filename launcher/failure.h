// How `dermatome` ends after an error.
#pragma once

namespace dermatome {

// Installs the process's terminate handler: it reports the exception that nothing caught, in one
// line, and leaves at once with the exit code of its kind.
//
// Nothing is unwound on the way. Destructors of a half-done run join threads and close groups, and
// both can wait for a peer that waits for this rank; MPI_Finalize can as well. The end of the
// process, in contrast, reaches the peers at once: their collectives fail, and mpirun or srun ends
// the job. So commands throw, and no catch (...) stands between them and main().
void end_at_uncaught_errors();

}  // namespace dermatome
