#include "src/core/owner_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "src/core/error.h"
#include "src/core/file.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

const OwnerWords kWords = {"trained", "choose another name"};
const OwnerTimes kShort = {.beat = milliseconds(20), .patience = milliseconds(300)};

class OwnerFileTest : public testing::Test {
 protected:
  std::unique_ptr<OwnerFile> own(const ProcessIdentity& self = own_identity()) const {
    return std::make_unique<OwnerFile>(file_, kWords, self, kShort);
  }

  // Why the folder cannot be owned; "" if it can.
  std::string refusal(const ProcessIdentity& self = own_identity()) const {
    try {
      own(self);
      return "";
    } catch (const ConfigError& error) {
      return error.what();
    }
  }

  // Leaves the file as the process `owner` leaves it when it is killed.
  void leave(const ProcessIdentity& owner) const {
    std::string content;
    {
      const auto of_owner = own(owner);
      content = read_file(file_);
    }
    write_file_atomically(file_, content);
  }

  // An owner on a machine that this one cannot look at.
  static ProcessIdentity elsewhere() {
    ProcessIdentity other = own_identity();
    other.machine = "another";
    other.host = "n2";
    other.process = 7;
    return other;
  }

  std::string named_in_file() const {
    return nlohmann::json::parse(read_file(file_)).at("token").get<std::string>();
  }

  std::vector<std::string> names_in_folder() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  const std::filesystem::path folder_ = scratch_folder();
  const std::filesystem::path file_ = folder_ / "owner.json";
};

TEST_F(OwnerFileTest, RefusesASecondOwnerAndNamesTheFirst) {
  ProcessIdentity first = own_identity();
  first.job = "17";
  const auto owner = own(first);
  EXPECT_THAT(refusal(),
              AllOf(StartsWith(folder_.string() + " is already trained by process " +
                               std::to_string(getpid()) + " on host "),
                    HasSubstr(" (Slurm job 17), since 20"), HasSubstr("Z; choose another name. "),
                    EndsWith("If that process does not run any more, remove " + file_.string())));
  EXPECT_EQ(named_in_file(), first.token);
}

TEST_F(OwnerFileTest, LeavesNothingBehind) {
  own();
  EXPECT_THAT(names_in_folder(), testing::IsEmpty());
  EXPECT_EQ(refusal(), "");
}

TEST_F(OwnerFileTest, TakesOverFromAProcessThatWasKilled) {
  const pid_t child = fork();
  if (child == 0) {
    const auto owner = own();
    _exit(0);
  }
  // Not waited for yet: a process that has ended, but whose parent does not care.
  while (!std::filesystem::exists(file_)) std::this_thread::sleep_for(milliseconds(5));
  siginfo_t ended;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_THAT(names_in_folder(), testing::IsEmpty());
}

TEST_F(OwnerFileTest, IsNotDeceivedByANumberThatIsUsedAgain) {
  ProcessIdentity before = own_identity();  // with the number of this process
  before.started -= 1;
  leave(before);
  EXPECT_EQ(refusal(), "");
}

TEST_F(OwnerFileTest, WaitsForASignOfLifeFromAnotherMachine) {
  leave(elsewhere());
  EXPECT_EQ(refusal(), "") << "no sign of life comes";
  const auto alive = own(elsewhere());
  EXPECT_THAT(refusal(), HasSubstr("by process 7 on host n2"));
}

TEST_F(OwnerFileTest, ARequeuedJobTakesOverItsOwnHold) {
  ProcessIdentity before = elsewhere();
  before.job = "17";
  const auto stale = own(before);  // shows signs of life, which nobody awaits
  ProcessIdentity again = own_identity();
  again.job = "17";
  EXPECT_THAT(refusal(again), HasSubstr("is already trained")) << "a second start in the same job";
  again.restarts = 1;
  const auto owner = own(again);
  EXPECT_EQ(named_in_file(), again.token);
  EXPECT_THROW(stale->check(/*looks=*/true), ConfigError);
}

TEST_F(OwnerFileTest, ReplacesAFileThatIsNoOwners) {
  for (const char* content : {"", "{\"host\": ", "[]", "{\"host\": 3}"}) {
    write_file_atomically(file_, content);
    EXPECT_EQ(refusal(), "") << content;
  }
}

TEST_F(OwnerFileTest, OneOfManyStartersTakesOver) {
  ProcessIdentity dead = own_identity();
  dead.started -= 1;
  for (int round = 0; round < 20; ++round) {
    leave(dead);
    constexpr int kStarters = 8;
    std::atomic<int> waiting = kStarters, owners = 0, most = 0;
    std::vector<std::jthread> starters;
    for (int i = 0; i < kStarters; ++i) {
      starters.emplace_back([&] {
        for (--waiting; waiting > 0;) std::this_thread::yield();
        try {
          const auto owner = own();
          most = std::max<int>(most, ++owners);
          owner->check(/*looks=*/true);
          std::this_thread::sleep_for(milliseconds(5));
          --owners;
        } catch (const ConfigError&) {
        }
      });
    }
    starters.clear();
    EXPECT_EQ(most, 1);
    EXPECT_THAT(names_in_folder(), testing::IsEmpty());
  }
}

TEST_F(OwnerFileTest, NoticesThatItWasTakenForDead) {
  const auto owner = own();
  owner->check(/*looks=*/true);
  nlohmann::json file = nlohmann::json::parse(read_file(file_));
  file["host"] = "n2";
  file["token"] = "f";
  write_file_atomically(file_, file.dump());
  for (int i = 0; i < 500; ++i) {
    try {
      owner->check();
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr("is now trained by process"),
                                      HasSubstr("on host n2"), HasSubstr("took it for dead")));
      return;
    }
    std::this_thread::sleep_for(milliseconds(10));
  }
  FAIL() << "the owner does not look at its file";
}

TEST_F(OwnerFileTest, WritesItsFileAgainAfterARemoval) {
  const auto owner = own();
  std::filesystem::remove(file_);
  owner->check(/*looks=*/true);
  EXPECT_THAT(refusal(), HasSubstr("is already trained"));
}

TEST_F(OwnerFileTest, IsReleasedWhereAProcessEndsWithoutDestructors) {
  const pid_t child = fork();
  if (child == 0) {
    const auto owner = own();
    if (!std::filesystem::exists(file_)) _exit(1);
    release_owner_files(std::chrono::seconds(5));
    owner->check(/*looks=*/true);  // must not write it again
    _exit(0);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_THAT(names_in_folder(), testing::IsEmpty());
}

TEST_F(OwnerFileTest, NamesAFolderThatCannotBeWritten) {
  try {
    OwnerFile(folder_ / "none/owner.json", kWords);
    FAIL() << "owned a folder that does not exist";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot create " + (folder_ / "none/owner.json").string()));
  }
}

}  // namespace
}  // namespace dermatome
