#include "src/distributed/world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "src/core/error.h"
#include "tests/support/given_environment.h"

namespace dermatome {
namespace {

std::optional<World> world_of(const Variables& variables) {
  return world_from_environment(environment_of(variables));
}

Variables with(Variables variables, const std::string& name, const std::string& value) {
  variables[name] = value;
  return variables;
}

// Rank and size among all ranks, then among the ranks of this machine.
std::tuple<int, int, int, int> ranks_of(const World& world) {
  return {world.rank, world.size, world.local_rank, world.local_size};
}

std::string error_of(const Variables& variables) {
  try {
    world_of(variables);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

const Variables kTorchrun = {{"RANK", "5"},         {"WORLD_SIZE", "6"},
                             {"LOCAL_RANK", "1"},   {"LOCAL_WORLD_SIZE", "2"},
                             {"MASTER_ADDR", "m1"}, {"MASTER_PORT", "29501"}};

const Variables kSrun = {{"SLURM_JOB_ID", "77"},
                         {"SLURM_STEP_ID", "0"},
                         {"SLURM_PROCID", "6"},
                         {"SLURM_STEP_NUM_TASKS", "7"},
                         {"SLURM_LOCALID", "0"},
                         {"SLURM_NODEID", "3"},
                         {"SLURM_STEP_TASKS_PER_NODE", "2(x3),1"},
                         {"SLURM_STEP_NODELIST", "n[03-05,9]"}};

// A launcher's variables, the names of those that must be set, and contradictions: a value that
// does not fit the other variables, and what the error says.
struct Launcher {
  std::string name;
  Variables variables;
  std::vector<std::string> needed;
  struct Contradiction {
    std::string variable, value, error;
  };
  std::vector<Contradiction> contradictions;
};

void PrintTo(const Launcher& launcher, std::ostream* out) { *out << launcher.name; }

class LaunchedBy : public testing::TestWithParam<Launcher> {};

INSTANTIATE_TEST_SUITE_P(
    Launchers, LaunchedBy,
    testing::Values(Launcher{"torchrun",
                             kTorchrun,
                             {"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR",
                              "MASTER_PORT"},
                             {{"RANK", "6", "RANK=6"},
                              {"RANK", "-1", "RANK=-1"},
                              {"WORLD_SIZE", "4x", "WORLD_SIZE=4x"},
                              {"LOCAL_RANK", "2", "LOCAL_RANK=2"},
                              {"LOCAL_WORLD_SIZE", "7", "LOCAL_WORLD_SIZE=7"},
                              {"MASTER_PORT", "70000", "MASTER_PORT=70000"}}},
                    // Without SLURM_STEP_ID or SLURM_PROCID, srun did not start the process.
                    Launcher{"srun",
                             kSrun,
                             {"SLURM_JOB_ID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID",
                              "SLURM_NODEID", "SLURM_STEP_TASKS_PER_NODE", "SLURM_STEP_NODELIST"},
                             {{"SLURM_PROCID", "7", "SLURM_PROCID=7"},
                              {"SLURM_LOCALID", "1", "SLURM_LOCALID=1"},
                              {"SLURM_STEP_TASKS_PER_NODE", "2(x3)", "node 3"},
                              {"SLURM_STEP_TASKS_PER_NODE", "two", "=two"},
                              {"SLURM_STEP_NODELIST", "n[03", "names no host"}}}));

TEST_P(LaunchedBy, NeedsItsVariables) {
  for (const std::string& name : GetParam().needed) {
    Variables variables = GetParam().variables;
    variables.erase(name);
    EXPECT_THAT(error_of(variables),
                testing::AllOf(testing::HasSubstr(GetParam().name), testing::HasSubstr(name)));
  }
}

TEST_P(LaunchedBy, MayNotContradictItself) {
  for (const auto& [variable, value, error] : GetParam().contradictions) {
    EXPECT_THAT(error_of(with(GetParam().variables, variable, value)), testing::HasSubstr(error));
  }
}

TEST(World, NoLauncherMeansNoWorld) { EXPECT_FALSE(world_of({{"PATH", "/bin"}})); }

TEST(World, ReadsTorchrunsVariables) {
  const World world = world_of(kTorchrun).value();
  EXPECT_EQ(ranks_of(world), std::make_tuple(5, 6, 1, 2));
  EXPECT_EQ(world.master_host, "m1");
  EXPECT_EQ(world.master_port, 29501);
  EXPECT_FALSE(world.store_is_served);
}

TEST(World, UsesAnotherPrefixInTheStoreOfTorchrunsAgentAfterARestart) {
  auto variables = with(kTorchrun, "TORCHELASTIC_USE_AGENT_STORE", "True");
  const World first = world_of(variables).value();
  const World second = world_of(with(variables, "TORCHELASTIC_RESTART_COUNT", "1")).value();
  EXPECT_TRUE(first.store_is_served);
  EXPECT_NE(first.store_prefix, second.store_prefix);
}

TEST(World, ReadsSrunsVariables) {
  const World world = world_of(kSrun).value();
  EXPECT_EQ(ranks_of(world), std::make_tuple(6, 7, 0, 1));
  EXPECT_EQ(world.master_host, "n03");
  EXPECT_GT(world.master_port, 1024);
  EXPECT_NE(world.master_port, world_of(with(kSrun, "SLURM_STEP_ID", "1"))->master_port);
  EXPECT_NE(world.master_port, world_of(with(kSrun, "SLURM_JOB_ID", "78"))->master_port);
}

TEST(World, TakesTheTasksOfItsOwnNode) {
  EXPECT_EQ(world_of(with(kSrun, "SLURM_NODEID", "0"))->local_size, 2);
  EXPECT_EQ(world_of(with(kSrun, "SLURM_NODEID", "2"))->local_size, 2);
  EXPECT_EQ(world_of(with(kSrun, "SLURM_STEP_TASKS_PER_NODE", "1,2,3,4"))->local_size, 4);
}

TEST(World, FindsTheFirstOfSlurmsHosts) {
  const auto first = [](const std::string& list) {
    return world_of(with(kSrun, "SLURM_STEP_NODELIST", list))->master_host;
  };
  EXPECT_EQ(first("localhost"), "localhost");
  EXPECT_EQ(first("a1,b[2-3]"), "a1");
  EXPECT_EQ(first("gpu[007]"), "gpu007");
  EXPECT_EQ(first("r[1-2]n[08-11]-ib,x"), "r1n08-ib");
  EXPECT_EQ(first("n[4,6-7]"), "n4");
}

TEST(World, ABatchScriptsShellIsNoTask) {
  EXPECT_FALSE(world_of({{"SLURM_JOB_ID", "77"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}}));
}

TEST(World, TorchrunInsideAnSrunStepWins) {
  Variables variables = kSrun;
  variables.insert(kTorchrun.begin(), kTorchrun.end());
  EXPECT_EQ(world_of(variables)->size, 6);
}

World announced(const Variables& variables) { return announced_world(environment_of(variables)); }

TEST(AnnouncedWorld, IsReadFromEveryLaunchersVariables) {
  EXPECT_EQ(announced({}).rank, 0);
  EXPECT_EQ(announced({}).size, 1);
  EXPECT_EQ(announced(kTorchrun).rank, 5);
  EXPECT_EQ(announced(kTorchrun).size, 6);
  EXPECT_EQ(announced(kSrun).rank, 6);
  EXPECT_EQ(announced(kSrun).size, 7);
  EXPECT_EQ(announced({{"PMIX_RANK", "3"}}).rank, 3);
  EXPECT_EQ(announced({{"PMIX_RANK", "0"}, {"SLURM_STEP_NUM_TASKS", "4"}}).size, 4);
  EXPECT_EQ(announced({{"PMIX_RANK", "3"}}).size, 4);
  EXPECT_EQ(announced({{"PMI_RANK", "1"}, {"PMI_SIZE", "8"}}).size, 8);
}

TEST(AnnouncedWorld, TrustsMpirunBeforeTheStepThatStartedItsDaemon) {
  Variables mpich = with(kSrun, "PMI_RANK", "7");
  mpich["PMI_SIZE"] = "8";
  EXPECT_EQ(announced(mpich).rank, 7);
  EXPECT_EQ(announced(mpich).size, 8);
  Variables variables = with(kSrun, "OMPI_COMM_WORLD_RANK", "2");
  variables["OMPI_COMM_WORLD_SIZE"] = "14";
  EXPECT_EQ(announced(variables).rank, 2);
  EXPECT_EQ(announced(variables).size, 14);
}

TEST(AnnouncedWorld, DoesNotFailOnWrongValues) {
  EXPECT_EQ(announced({{"RANK", "x"}, {"WORLD_SIZE", "2"}}).rank, 0);
  EXPECT_EQ(announced({{"RANK", "-1"}}).rank, 0);
  EXPECT_EQ(announced({{"RANK", "3"}, {"WORLD_SIZE", "2"}}).size, 4);
}

}  // namespace
}  // namespace dermatome
