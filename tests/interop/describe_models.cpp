// describe_models CONFIG...: writes to standard output, as JSON, what becomes of each model
// configuration: its tensors with their shapes in state_dict order, and the configuration that a
// checkpoint would hold; or the error with which it is refused. Allocates no weights.
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>

#include "src/core/error.h"
#include "src/model/clip.h"
#include "src/weights/description.h"

namespace {

using namespace dermatome;
using Json = nlohmann::ordered_json;

Json description(const char* path) {
  try {
    const Clip model(read_description(path), c10::kMeta);
    Json tensors = Json::array();
    for (const NamedParameter& parameter : model.parameters()) {
      tensors.push_back({parameter.name, parameter.value.sizes().vec()});
    }
    return {{"tensors", tensors}, {"hub", Json::parse(hub_config_json(model.config()))}};
  } catch (const ConfigError& error) {
    return {{"error", error.what()}};
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Json all = Json::object();
    for (int i = 1; i < argc; ++i) all[argv[i]] = description(argv[i]);
    std::puts(all.dump().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
