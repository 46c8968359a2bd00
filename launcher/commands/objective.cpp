// `dermatome objective`: the objective and its gradients on given features, so that anyone can
// check the math from outside.
#include <memory>
#include <string>
#include <vector>

#include "launcher/commands/choice.h"
#include "launcher/commands/commands.h"
#include "launcher/commands/model_options.h"
#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "src/config/objective_options.h"
#include "src/config/runtime_options.h"
#include "src/config/train_config.h"
#include "src/objective/given_features.h"
#include "src/weights/safetensors.h"

namespace dermatome {
namespace {

struct ObjectiveArguments {
  std::string input, output;
  at::ScalarType dtype = at::kDouble;
  double scale = 1;
  std::vector<std::string> settings;
  RuntimeOptions runtime;
};

int objective_on_ranks(Runtime& runtime, const ObjectiveArguments& arguments,
                       const ObjectiveOptions& options) {
  const GivenFeatures features =
      given_features(read_safetensors(arguments.input), arguments.input, arguments.dtype);
  const NamedTensors values =
      evaluate_given(features, options, arguments.scale, runtime.device(), runtime.collectives());
  if (runtime.world().rank == 0) write_safetensors(arguments.output, values);
  return kExitOk;
}

}  // namespace

void add_objective(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "objective", "Write the training objective of given features, and its gradients");
  command->footer(
      "dermatome objective --input in.safetensors --output out.safetensors --logit-scale 14.3\n"
      "dermatome launch --ranks 2 objective --input in.safetensors --output out.safetensors \\\n"
      "    --logit-scale 14.3 mode=released");
  const auto arguments = std::make_shared<ObjectiveArguments>();
  command
      ->add_option("--input", arguments->input,
                   "Safetensors file with img [B, d], txt [B*N, d], pat [B, P, d] and mask [B, N]; "
                   "used as given, not normalized")
      ->required();
  command
      ->add_option("--output", arguments->output,
                   "Safetensors file to write: total, the objective's terms and details by name, "
                   "local, grad_image, grad_text, grad_patch and grad_scale, of the whole batch")
      ->required();
  add_choice(*command, "--dtype", arguments->dtype,
             Choices<at::ScalarType>{{"float64", at::kDouble}, {"float32", at::kFloat}},
             "Type of number to compute with");
  command
      ->add_option("--logit-scale", arguments->scale,
                   "Factor of the cosines: exp of the learned parameter. grad_scale is the "
                   "gradient with respect to this number")
      ->required()
      ->check(CLI::PositiveNumber);
  add_device_option(*command, arguments->runtime);
  command
      ->add_option("settings", arguments->settings,
                   "Settings of the objective, for example mode=released; num_subcaptions follows "
                   "from mask")
      ->option_text("KEY=VALUE");
  command->callback([arguments] {
    const ObjectiveOptions options = objective_options(arguments->settings);
    run_on_ranks(arguments->runtime, [arguments, options](Runtime& runtime) {
      return objective_on_ranks(runtime, *arguments, options);
    });
  });
}

}  // namespace dermatome
