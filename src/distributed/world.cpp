#include "src/distributed/world.h"

#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <utility>

#include "src/core/error.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

std::optional<int64_t> parse_integer(const std::string& value, int64_t low, int64_t high) {
  int64_t number = 0;
  const char* end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc() || rest != end || number < low || number > high) return std::nullopt;
  return number;
}

// The variables of one launcher, with errors that name the launcher and the variable.
class Variables {
 public:
  Variables(const Environment& environment, std::string launcher)
      : environment_(environment), launcher_(std::move(launcher)) {}

  std::string text(const std::string& name) const {
    const auto value = environment_(name);
    if (!value || value->empty()) {
      throw ConfigError(dermatome::text("environment: ", launcher_, " started this process, but ",
                                        name, " is not set; start it with ", launcher_,
                                        " itself, or unset its other variables"));
    }
    return *value;
  }

  int64_t integer(const std::string& name, int64_t low, int64_t high) const {
    const auto number = parse_integer(text(name), low, high);
    if (!number) {
      fail(name, dermatome::text("is not a number from ", low, " to ", high));
    }
    return *number;
  }

  [[noreturn]] void fail(const std::string& name, const std::string& reason) const {
    throw ConfigError(dermatome::text("environment: ", name, "=", text(name), " (set by ",
                                      launcher_, ") ", reason));
  }

 private:
  const Environment& environment_;
  std::string launcher_;
};

constexpr int64_t kMaxInt = std::numeric_limits<int>::max();

World from_torchrun(const Environment& environment) {
  const Variables variables(environment, "torchrun");
  World world;
  world.size = static_cast<int>(variables.integer("WORLD_SIZE", 1, kMaxInt));
  world.rank = static_cast<int>(variables.integer("RANK", 0, world.size - 1));
  world.local_size = static_cast<int>(variables.integer("LOCAL_WORLD_SIZE", 1, world.size));
  world.local_rank = static_cast<int>(variables.integer("LOCAL_RANK", 0, world.local_size - 1));
  world.master_host = variables.text("MASTER_ADDR");
  world.master_port = static_cast<uint16_t>(variables.integer("MASTER_PORT", 1, 65535));
  world.store_is_served = environment("TORCHELASTIC_USE_AGENT_STORE").value_or("") == "True";
  world.store_prefix = "attempt " + environment("TORCHELASTIC_RESTART_COUNT").value_or("0");
  return world;
}

// The first of Slurm's hosts: "n[03-05,8]-ib,m1" gives "n03-ib".
std::string first_host(const std::string& hosts) {
  std::string first;
  for (size_t i = 0; i < hosts.size() && hosts[i] != ','; ++i) {
    if (hosts[i] != '[') {
      first += hosts[i];
      continue;
    }
    const size_t close = hosts.find(']', i);
    first += hosts.substr(i + 1, hosts.find_first_of("],-", i) - i - 1);
    if (close == std::string::npos) return "";
    i = close;
  }
  return first;
}

// The number of tasks on node `node` in Slurm's `list`. "2(x3),1" means two tasks on each of the
// first three nodes and one on the fourth. 0: the list ends before the node or is malformed.
int tasks_on_node(const std::string& list, int64_t node) {
  const char* at = list.data();
  const char* end = at + list.size();
  while (at < end) {
    int tasks = 0;
    int64_t repeats = 1;
    at = std::from_chars(at, end, tasks).ptr;
    if (end - at > 2 && at[0] == '(' && at[1] == 'x') {
      at = std::from_chars(at + 2, end, repeats).ptr;
      if (at < end && *at == ')') ++at;
    }
    if (at < end && *at++ != ',') return 0;
    if (node < repeats) return tasks;
    node -= repeats;
  }
  return 0;
}

// A port below the range from which systems choose ports by themselves. It differs between the
// steps of a job and, in most cases, between the jobs of a machine.
uint16_t port_of_step(int64_t job, int64_t step) {
  constexpr int64_t kFirst = 20000;
  constexpr int64_t kCount = 12000;
  return static_cast<uint16_t>(kFirst + (job % kCount * 7 + step % kCount) % kCount);
}

World from_srun(const Environment& environment) {
  const Variables variables(environment, "srun");
  constexpr int64_t kMaxId = std::numeric_limits<uint32_t>::max();
  World world;
  world.size = static_cast<int>(variables.integer("SLURM_STEP_NUM_TASKS", 1, kMaxInt));
  world.rank = static_cast<int>(variables.integer("SLURM_PROCID", 0, world.size - 1));
  const int64_t node = variables.integer("SLURM_NODEID", 0, kMaxInt);
  world.local_size = tasks_on_node(variables.text("SLURM_STEP_TASKS_PER_NODE"), node);
  if (world.local_size < 1 || world.local_size > world.size) {
    variables.fail("SLURM_STEP_TASKS_PER_NODE",
                   text("does not say how many of the ", world.size, " tasks run on node ", node));
  }
  world.local_rank = static_cast<int>(variables.integer("SLURM_LOCALID", 0, world.local_size - 1));
  world.master_host = first_host(variables.text("SLURM_STEP_NODELIST"));
  if (world.master_host.empty()) variables.fail("SLURM_STEP_NODELIST", "names no host");
  world.master_port = port_of_step(variables.integer("SLURM_JOB_ID", 0, kMaxId),
                                   variables.integer("SLURM_STEP_ID", 0, kMaxId));
  return world;
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

std::optional<World> world_from_environment(const Environment& environment) {
  if (environment("RANK") || environment("WORLD_SIZE")) return from_torchrun(environment);
  if (environment("SLURM_STEP_ID") && environment("SLURM_PROCID")) return from_srun(environment);
  return std::nullopt;
}

World announced_world(const Environment& environment) {
  // srun's variables come last, because the helpers of mpirun and torchrun are tasks of srun.
  constexpr std::array<std::pair<const char*, const char*>, 5> kVariables = {{
      {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
      {"PMIX_RANK", "SLURM_STEP_NUM_TASKS"},
      {"RANK", "WORLD_SIZE"},
      {"PMI_RANK", "PMI_SIZE"},
      {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS"},
  }};
  World world;
  for (const auto& [rank, size] : kVariables) {
    const auto own = parse_integer(environment(rank).value_or(""), 0, kMaxInt - 1);
    if (!own) continue;
    world.rank = static_cast<int>(*own);
    world.size = static_cast<int>(
        parse_integer(environment(size).value_or(""), *own + 1, kMaxInt).value_or(*own + 1));
    break;
  }
  return world;
}

}  // namespace dermatome
