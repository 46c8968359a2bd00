#include "src/core/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/core/error.h"
#include "src/core/file.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(LogFile, BeginsWithTheLinesSoFarAndIsAppendedTo) {
  const auto folder = scratch_folder();
  initialize_logging(/*rank=*/0, /*world_size=*/2);
  log_info("before the file");
  write_file_atomically(folder / "a.log", "of an earlier start\n");
  log_to_file(folder / "a.log");
  log_warning("in the file");
  EXPECT_THAT(read_file(folder / "a.log"),
              AllOf(StartsWith("of an earlier start\n20"),
                    HasSubstr(" | rank 0 | info | before the file\n20"),
                    EndsWith(" | rank 0 | warning | in the file\n")));
  log_to_file(folder / "b.log");
  log_info("in the next file");
  EXPECT_THAT(read_file(folder / "a.log"), Not(HasSubstr("next")));
  EXPECT_THAT(read_file(folder / "b.log"),
              AllOf(EndsWith("in the next file\n"), Not(HasSubstr("before"))));
  initialize_logging(/*rank=*/1, /*world_size=*/2);
  log_info("of a rank above 0");
  EXPECT_THAT(read_file(folder / "b.log"), Not(HasSubstr("above")));
  EXPECT_THROW(log_to_file(folder / "b.log" / "none"), DataError);
  initialize_logging(/*rank=*/0, /*world_size=*/1);
}

}  // namespace
}  // namespace dermatome
