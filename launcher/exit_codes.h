// Exit codes of `dermatome`. Part of its interface: job scripts decide by them whether to requeue.
#pragma once

#include <exception>

namespace dermatome {

inline constexpr int kExitOk = 0;
inline constexpr int kExitInternal = 1;  // a defect of Dermatome
inline constexpr int kExitUsage = 2;     // command line or configuration: retrying cannot help
inline constexpr int kExitData = 3;      // a file is missing, damaged or contradictory
inline constexpr int kExitTryAgain =
    75;  // a peer was lost, or a stop was asked for: requeue (EX_TEMPFAIL)

// The code for an error's kind.
int exit_code_of(const std::exception& error);

}  // namespace dermatome
