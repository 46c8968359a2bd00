// How `dermatome` ends after an error.
#pragma once

namespace dermatome {

// Installs the process's terminate handler: it reports the exception that nothing caught, in one
// line, and ends the process with the exit code of its kind. `rank`: that of this process.
//
// Writing to a pipe that nobody reads, or beyond a limit of the size of files, becomes an error of
// the one who writes: SIGPIPE and SIGXFSZ, which would end the process without a word, are ignored,
// and std::cout throws.
//
// Once a Runtime exists, the stack is not unwound. Destructors of a half-done run join threads and
// close groups, and both can wait for a peer that waits for this rank; so can MPI_Finalize. The end
// of the process, in contrast, reaches the peers at once: their collectives fail, and mpirun or
// srun ends the job. So nothing may catch what work on ranks throws, not even main(), which starts
// that work outside of its handlers (launcher/runtime.h). While the command line and configurations
// are read there are no peers yet; main() catches those errors.
//
// All ranks together report one line: the rank that most likely knows the cause reports first, and
// the launcher ends the others while they wait. Rank 0 reports its own error at once. Other ranks
// report theirs after a second or two, in case all ranks have the same error. The loss of a peer is
// reported seconds after that.
void end_at_uncaught_errors(int rank);

// For a handler in main(): reports the exception that it caught in the same way, with the same
// wait, and ends the process with the exit code. It does not return, because libraries do their
// last work when main() does: HDF5 crashes there if it could not write a file.
[[noreturn]] int report_caught_error();

// For the end of main(): returns `code` if all that was printed on standard output has been
// written. Otherwise throws DataError.
int finish_output(int code);

}  // namespace dermatome
