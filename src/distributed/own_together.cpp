#include "src/distributed/own_together.h"

#include <chrono>
#include <future>

#include "src/distributed/wait_together.h"

namespace dermatome {

std::unique_ptr<OwnerFile> own_together(const std::function<std::unique_ptr<OwnerFile>()>& claim,
                                        Collectives& collectives, c10::Device device,
                                        const std::string& what) {
  std::future<std::unique_ptr<OwnerFile>> owner;
  if (collectives.rank() == 0) owner = std::async(std::launch::async, claim);
  wait_together(
      collectives, device,
      [&owner] { return owner.wait_for(std::chrono::seconds(1)) == std::future_status::ready; },
      what);
  return owner.valid() ? owner.get() : nullptr;
}

}  // namespace dermatome
