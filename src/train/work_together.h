// Long work that every rank does by itself, while no other rank's collective times out.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

namespace dermatome {

struct TrainingEnvironment;

// Does `work` in another thread and returns when that of all ranks is done; true. If a rank is
// asked to stop meanwhile, all are asked by the token, and the result is false on every rank.
// `name` names the work in messages. A collective call. Throws what `work` throws; the other ranks
// throw a CommunicationError.
bool work_together(const TrainingEnvironment& environment, const std::string& name,
                   const std::function<void(const std::stop_token& stop)>& work);

}  // namespace dermatome
