#include "launcher/placement.h"

#include <algorithm>
#include <map>
#include <sstream>

#include "src/core/cores.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/process_identity.h"
#include "src/core/text.h"
#include "src/distributed/text_gather.h"

namespace dermatome {
namespace {

// "0-3,8"
std::string list_cores(const std::vector<int>& cores) {
  std::string list;
  for (size_t first = 0; first < cores.size(); ++first) {
    size_t last = first;
    while (last + 1 < cores.size() && cores[last + 1] == cores[last] + 1) ++last;
    if (!list.empty()) list += ',';
    list += last > first ? format("%d-%d", cores[first], cores[last]) : format("%d", cores[first]);
    first = last;
  }
  return list;
}

// One field per line.
std::string to_text(const Placement& p) {
  return text(p.host, "\n", p.cores, "\n", p.num_cores, "\n", p.device, "\n", p.network, "\n");
}

Placement from_text(const std::string& text) {
  std::istringstream lines(text);
  Placement p;
  std::string num_cores;
  for (std::string* field : {&p.host, &p.cores, &num_cores, &p.device, &p.network}) {
    std::getline(lines, *field);
  }
  p.num_cores = std::stoi(num_cores);
  return p;
}

bool too_many_threads(const std::vector<Placement>& placements, int rank, int64_t asked) {
  return num_threads(placements, rank, asked) * num_sharing_cores(placements, rank) >
         placements[rank].num_cores;
}

std::string describe_rank(const std::vector<Placement>& placements, int rank, int64_t asked) {
  const Placement& own = placements[rank];
  const int sharing = num_sharing_cores(placements, rank);
  std::string text = own.device + format(", %d core(s) (%s)", own.num_cores, own.cores.c_str());
  if (sharing > 1) text += format(" shared by %d ranks", sharing);
  text += format(", %d thread(s)", num_threads(placements, rank, asked));
  if (placements.size() == 1) return text + ", no communication";
  return text + (own.device == "cpu" ? ", Gloo" : ", NCCL");
}

}  // namespace

Placement local_placement(c10::Device device, const std::string& network) {
  const std::vector<int> cores = allowed_cores();
  return {host_name(), list_cores(cores), static_cast<int>(cores.size()), device.str(), network};
}

std::vector<Placement> gather_placements(const Placement& own, Collectives& group) {
  std::vector<Placement> placements;
  for (const std::string& text : gather_texts(to_text(own), group, "placements")) {
    placements.push_back(from_text(text));
  }
  return placements;
}

void check_same_devices(const std::vector<Placement>& placements) {
  const auto on_cpu = [](const Placement& placement) { return placement.device == "cpu"; };
  for (size_t rank = 1; rank < placements.size(); ++rank) {
    const Placement &own = placements[rank], &first = placements.front();
    if (on_cpu(own) == on_cpu(first)) continue;
    throw ConfigError(format(
        "rank %zu on host %s works on %s, but rank 0 on host %s on %s; set the same runtime.device "
        "(--device) on all ranks, and find out why a GPU is missing",
        rank, own.host.c_str(), own.device.c_str(), first.host.c_str(), first.device.c_str()));
  }
}

int num_sharing_cores(const std::vector<Placement>& placements, int rank) {
  const Placement& own = placements[rank];
  return static_cast<int>(std::ranges::count_if(placements, [&](const Placement& other) {
    return other.host == own.host && other.cores == own.cores;
  }));
}

int num_threads(const std::vector<Placement>& placements, int rank, int64_t asked) {
  if (asked > 0) return static_cast<int>(asked);
  const int sharing = std::max(1, num_sharing_cores(placements, rank));  // this rank is one of them
  return std::max(1, placements[rank].num_cores / sharing);
}

std::vector<std::string> describe(const std::vector<Placement>& placements, int64_t threads_asked) {
  std::vector<std::string> lines;
  if (placements.size() <= kRanksListed) {
    for (size_t rank = 0; rank < placements.size(); ++rank) {
      const Placement& own = placements[rank];
      lines.push_back(text("rank ", rank, ": host ", own.host, ", ",
                           describe_rank(placements, static_cast<int>(rank), threads_asked),
                           own.network.empty() ? "" : " over " + own.network));
    }
    return lines;
  }
  std::map<std::string, std::pair<size_t, size_t>> kinds;  // first rank, number
  for (size_t rank = 0; rank < placements.size(); ++rank) {
    const auto kind = describe_rank(placements, static_cast<int>(rank), threads_asked);
    ++kinds.try_emplace(kind, rank, 0).first->second.second;
  }
  for (const auto& [text, ranks] : kinds) {
    lines.push_back(format("%zu rank(s), the first is rank %zu on host %s: ", ranks.second,
                           ranks.first, placements[ranks.first].host.c_str()) +
                    text);
  }
  return lines;
}

std::string warn_of_threads(const std::vector<Placement>& placements, int64_t threads_asked) {
  for (size_t rank = 0; rank < placements.size(); ++rank) {
    if (!too_many_threads(placements, static_cast<int>(rank), threads_asked)) continue;
    return format(
        "rank %zu: more threads than cores; lower runtime.threads or the number of ranks, "
        "or bind ranks to more cores",
        rank);
  }
  return "";
}

}  // namespace dermatome
