#include "src/distributed/world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "src/core/error.h"

namespace dermatome {
namespace {

using Variables = std::map<std::string, std::string>;

std::optional<World> world_of(const Variables& variables) {
  return world_from_environment([&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

Variables with(Variables variables, const std::string& name, const std::string& value) {
  variables[name] = value;
  return variables;
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

TEST(World, NoLauncherMeansNoWorld) { EXPECT_FALSE(world_of({{"PATH", "/bin"}})); }

TEST(World, ReadsTorchrunsVariables) {
  const World world = world_of(kTorchrun).value();
  EXPECT_EQ(world.rank, 5);
  EXPECT_EQ(world.size, 6);
  EXPECT_EQ(world.local_rank, 1);
  EXPECT_EQ(world.local_size, 2);
  EXPECT_EQ(world.master_host, "m1");
  EXPECT_EQ(world.master_port, 29501);
  EXPECT_FALSE(world.store_is_served);
}

TEST(World, UsesTheStoreOfTorchrunsAgentAnewAfterARestart) {
  auto variables = with(kTorchrun, "TORCHELASTIC_USE_AGENT_STORE", "True");
  const World first = world_of(variables).value();
  const World second = world_of(with(variables, "TORCHELASTIC_RESTART_COUNT", "1")).value();
  EXPECT_TRUE(first.store_is_served);
  EXPECT_NE(first.store_prefix, second.store_prefix);
}

TEST(World, RefusesIncompleteTorchrunVariablesByName) {
  for (const auto& [name, value] : kTorchrun) {
    Variables variables = kTorchrun;
    variables.erase(name);
    EXPECT_THAT(error_of(variables),
                testing::AllOf(testing::HasSubstr("torchrun"), testing::HasSubstr(name)));
  }
}

TEST(World, RefusesContradictingTorchrunVariables) {
  EXPECT_THAT(error_of(with(kTorchrun, "RANK", "6")), testing::HasSubstr("RANK=6"));
  EXPECT_THAT(error_of(with(kTorchrun, "RANK", "-1")), testing::HasSubstr("RANK=-1"));
  EXPECT_THAT(error_of(with(kTorchrun, "WORLD_SIZE", "4x")), testing::HasSubstr("WORLD_SIZE=4x"));
  EXPECT_THAT(error_of(with(kTorchrun, "LOCAL_RANK", "2")), testing::HasSubstr("LOCAL_RANK=2"));
  EXPECT_THAT(error_of(with(kTorchrun, "LOCAL_WORLD_SIZE", "7")),
              testing::HasSubstr("LOCAL_WORLD_SIZE=7"));
  EXPECT_THAT(error_of(with(kTorchrun, "MASTER_PORT", "70000")),
              testing::HasSubstr("MASTER_PORT=70000"));
}

TEST(World, ReadsSrunsVariables) {
  const World world = world_of(kSrun).value();
  EXPECT_EQ(world.rank, 6);
  EXPECT_EQ(world.size, 7);
  EXPECT_EQ(world.local_rank, 0);
  EXPECT_EQ(world.local_size, 1);
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

TEST(World, RefusesIncompleteSrunVariablesByName) {
  for (const auto& [name, value] : kSrun) {
    if (name == "SLURM_STEP_ID" || name == "SLURM_PROCID") continue;
    Variables variables = kSrun;
    variables.erase(name);
    EXPECT_THAT(error_of(variables),
                testing::AllOf(testing::HasSubstr("srun"), testing::HasSubstr(name)));
  }
}

TEST(World, RefusesContradictingSrunVariables) {
  EXPECT_THAT(error_of(with(kSrun, "SLURM_PROCID", "7")), testing::HasSubstr("SLURM_PROCID=7"));
  EXPECT_THAT(error_of(with(kSrun, "SLURM_LOCALID", "1")), testing::HasSubstr("SLURM_LOCALID=1"));
  EXPECT_THAT(error_of(with(kSrun, "SLURM_STEP_TASKS_PER_NODE", "2(x3)")),
              testing::HasSubstr("node 3"));
  EXPECT_THAT(error_of(with(kSrun, "SLURM_STEP_TASKS_PER_NODE", "two")),
              testing::HasSubstr("=two"));
  EXPECT_THAT(error_of(with(kSrun, "SLURM_STEP_NODELIST", "n[03")),
              testing::HasSubstr("names no host"));
}

TEST(World, ABatchScriptsShellIsNoTask) {
  EXPECT_FALSE(world_of({{"SLURM_JOB_ID", "77"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}}));
}

TEST(World, TorchrunInsideAnSrunStepWins) {
  Variables variables = kSrun;
  variables.insert(kTorchrun.begin(), kTorchrun.end());
  EXPECT_EQ(world_of(variables)->size, 6);
}

}  // namespace
}  // namespace dermatome
