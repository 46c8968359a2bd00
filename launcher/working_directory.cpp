// Names a working directory that was deleted. LibTorch's copy of MKL ends the process while it is
// loaded there, with a message about another file. So this check runs before the shared libraries
// begin; only the C library works already.
#include <unistd.h>

#include <cerrno>
#include <climits>

namespace {

void check_working_directory(int /*argc*/, char** /*argv*/, char** /*environment*/) {
  constexpr int kExitUsage = 2;  // launcher/exit_codes.h
  constexpr char kMessage[] =
      "error: the working directory has been deleted; change to a directory that exists and start "
      "again\n";
  char path[PATH_MAX];
  if (getcwd(path, sizeof(path)) != nullptr || (errno != ENOENT && errno != ESTALE)) return;
  if (write(STDERR_FILENO, kMessage, sizeof(kMessage) - 1) < 0) _exit(kExitUsage);
  _exit(kExitUsage);
}

}  // namespace

[[gnu::section(".preinit_array"),
  gnu::used]] static void (*const check_first)(int, char**, char**) = check_working_directory;
