// Leaves out what mpirun says about exit codes.
#pragma once

#include <string>
#include <string_view>

namespace dermatome {

// After an exit code other than 0, also after that of a stop on request, Open MPI's mpirun says
// that "the job has been aborted" and names a rank and its code, in notes between two lines of
// dashes. The rank itself has already said why it ended. Other notes, for example of a signal that
// ended a rank, are passed on, and so are log lines of ranks that stand inside a note.
class ExitNoteFilter {
 public:
  // What may be shown now, of these bytes and of those before. Of a line nothing is held back but
  // dashes at its end, unless it can be part of a note.
  std::string pass(std::string_view bytes);
  // The rest, at the end.
  std::string rest();

 private:
  std::string end_of_line();

  std::string line_;       // the line under way, without what was shown of it
  std::string rule_;       // the dashes before this line, which may begin a note
  int lines_of_note_ = 0;  // so far; 0: outside of a note
};

}  // namespace dermatome
