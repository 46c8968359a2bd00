// Exit codes of `dermatome`. They are part of its interface: job scripts decide by them whether to
// requeue.
//
// srun returns the highest code of its ranks, mpirun the first. A rank that only lost its peers has
// the lowest code of all errors and reports last (launcher/failure.h), so that it never hides the
// cause. Lost storage has a code above all other errors: a restart shows those errors again, while
// one of their codes would end a job that can go on. 74 and 75 are EX_IOERR and EX_TEMPFAIL of
// sysexits.h.
#pragma once

#include <exception>

namespace dermatome {

inline constexpr int kExitOk = 0;
inline constexpr int kExitPeerLost = 1;  // a peer was lost or did not answer: requeuing may help
inline constexpr int kExitUsage = 2;     // command line or configuration: retrying cannot help
inline constexpr int kExitData = 3;  // a file is missing, damaged, contradictory or not writable
inline constexpr int kExitInternal = 4;  // a defect of Dermatome
inline constexpr int kExitStorage = 74;  // storage stayed away: starting again may help
inline constexpr int kExitStopped = 75;  // a stop was asked for; the run can be continued: requeue

// The code for an error's kind.
int exit_code_of(const std::exception& error);

}  // namespace dermatome
