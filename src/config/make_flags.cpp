#include "src/config/make_flags.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <utility>

#include "src/config/flag_translation.h"
#include "src/config/foreign_keys.h"
#include "src/core/as_typed.h"
#include "src/core/error.h"
#include "src/core/text.h"

// Flags that belong together, or whose values are others here, are translated by one function each;
// for the rest the table of foreign keys suffices.
namespace dermatome {
namespace {

std::string lower_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// For advice with commands: a word that a shell reads as `word`. Variables and ~ are left for the
// shell to replace.
std::string in_shell(const std::string& word) {
  const bool is_plain = word.find_first_of(" \t\n'\"\\`*?[]()<>|&;#!") == std::string::npos;
  return is_plain && !word.empty() ? word : as_typed({word});
}

void remark_variables(FlagTranslation& to) {
  for (const auto& [name, flag] : to.flags.rest()) {
    const bool has_variable = std::ranges::any_of(
        flag.values, [](const std::string& value) { return value.find('$') != std::string::npos; });
    if (has_variable) to.remark(flag.text(), "it holds a variable of the shell; write its value");
  }
}

void take_run(FlagTranslation& to) {
  if (const auto logs = to.flags.take_value("logs")) {
    const std::filesystem::path path(*logs);
    if (lower_case(*logs) == "none") {
      to.remark("--logs none", "a run always writes its files, here to runs/NAME");
    } else {
      to.set("output", (path.has_filename() ? path : path.parent_path()).string());
    }
  }
  if (const auto resume = to.flags.take("resume")) {
    to.remark(resume->text(),
              "a run continues from its own newest checkpoint when it is started again; to start "
              "from other weights, set model.pretrained");
  }
  if (const auto device = to.flags.take_value("device")) {
    to.set("runtime.device", device->starts_with("cuda") ? "cuda" : *device,
           text("--device ", *device));
  }
}

void take_hub_model(FlagTranslation& to, const std::string& model) {
  const std::string name = model.substr(model.find(':') + 1);
  const bool is_remote = model.starts_with("hf-hub:");
  const std::string folder = is_remote ? name.substr(name.rfind('/') + 1) : name;
  if (is_remote) {
    to.remark(text("--model ", model),
              text("nothing is downloaded; get the folder by `hf download ", in_shell(name),
                   " --local-dir ", in_shell(folder), "`"));
  }
  to.set("model.architecture", text(folder, "/open_clip_config.json"));
  to.set("model.pretrained", folder);
}

void take_pretrained(FlagTranslation& to, const std::string& model, const std::string& weights) {
  if (weights.find_first_of("/.") != std::string::npos) return to.set("model.pretrained", weights);
  to.remark(text("--pretrained ", weights),
            "open_clip downloads these weights, Dermatome does not; set model.pretrained to the "
            "file or folder that holds them");
  to.set("model.pretrained", text("weights/", model, "-", lower_case(weights)));
}

void take_model(FlagTranslation& to) {
  const bool forced = to.flags.take_switch("force_quick_gelu");
  const std::string weights = to.flags.take_value("pretrained").value_or("");
  std::string model = to.flags.take_value("model").value_or("");
  if (model.empty()) {
    return to.remark("--model",
                     "it is not given, and open_clip's default RN50 has no counterpart; set "
                     "model.architecture");
  }
  if (model.starts_with("hf-hub:") || model.starts_with("local-dir:")) {
    return take_hub_model(to, model);
  }
  std::ranges::replace(model, '/', '-');
  const bool has_quick_gelu = forced || lower_case(weights) == "openai";
  const char* ending = has_quick_gelu && !model.ends_with("-quickgelu") ? "-quickgelu" : "";
  to.set("model.architecture", text(model, ending));
  if (weights.empty()) return;
  take_pretrained(to, model, weights);
  // A file need not say how its model was trained. open_clip uses the activation of the model then.
  if (lower_case(weights) == "openai") return;
  to.set("model.quick_gelu", forced || model.ends_with("-quickgelu") ? "true" : "false");
}

// open_clip counts groups from the end of a tower: the projection, the last block with the final
// norm, each other block, the embeddings.
void take_lock(FlagTranslation& to, const std::string& lock, const std::string& groups) {
  const auto flag = to.flags.take(lock);
  if (!flag) return;
  const std::string key = text("model.", lock);
  const int64_t unlocked = to.take_number(groups).value_or(0);
  if (unlocked == 0) return to.set(key, "all");
  to.set(key, text(unlocked - 1));
  if (unlocked == 1) {
    to.remark(flag->written, "open_clip trains the projection alone, here the final norm too");
  }
}

void take_batch(FlagTranslation& to) {
  const int64_t batch = to.take_number("batch_size").value_or(64);
  const int64_t accum = to.take_number("accum_freq").value_or(1);
  const int64_t processes = to.flags.processes();
  to.set("batch_size", text(batch * accum * std::max<int64_t>(processes, 1)));
  if (accum > 1) to.set("accum", text(accum));
  to.remark(text("--batch-size ", batch),
            processes > 0
                ? text("it is per process; batch_size counts the samples of all ranks and "
                       "micro-batches, which are ",
                       processes, " processes x ", accum, " of --accum-freq")
                : text("it is per process; batch_size counts the samples of all ranks, and is here "
                       "that of one process. Multiply it by the number of processes"));
}

void take_precision(FlagTranslation& to) {
  const auto given = to.flags.take_value("precision");
  const std::string precision = given.value_or("amp");
  to.set("model.precision", precision == "fp32" ? "fp32" : "amp_bf16");
  if (precision == "fp32" || precision.starts_with("amp_bf")) return;
  to.remark(text("--precision ", precision, given ? "" : " (a default)"),
            "amp_bf16 takes its place: bfloat16 has float32's range, so the loss needs no scaling, "
            "and weights stay in float32");
}

// The folder of the shards of `source`, a table or archives; `source` itself if it is a folder.
std::string shards_of(FlagTranslation& to, const std::string& flag, const std::string& source,
                      const std::string& columns) {
  const std::filesystem::path path(source);
  if (!path.has_extension()) return source;
  const bool is_archive = path.extension() == ".tar";
  const std::filesystem::path named = is_archive ? path.parent_path().filename() : path.stem();
  const std::string shards = text("shards/", named.empty() ? "train" : named.string());
  to.remark(text(flag, " ", source),
            is_archive ? text("archives are not read; unpack them, and make shards of their files "
                              "in ",
                              shards)
                       : text("make shards of it by `dermatome shard --csv ", in_shell(source),
                              " --images DIR", columns, " --output ", in_shell(shards), "`"));
  return shards;
}

// The options of `dermatome shard` for the columns. MAKE's tables are read without any.
std::string take_columns(FlagTranslation& to) {
  std::string columns;
  for (const auto& [flag, option] : {std::pair{"csv_img_key", "--image-column"},
                                     std::pair{"csv_caption_key", "--caption-column"},
                                     std::pair{"csv_separator", "--separator"}}) {
    const std::string value = to.flags.take_value(flag).value_or("");
    const bool is_known = value.empty() || value == "filename" || value == "truncated_caption";
    if (!is_known) columns += text(" ", option, " ", in_shell(value));
  }
  return columns;
}

void take_data(FlagTranslation& to) {
  const std::string columns = take_columns(to);
  std::string train = to.flags.take_value("train_data").value_or("");
  const bool has_archives = train.find(".tar") != std::string::npos;
  std::string folders;
  while (!train.empty()) {
    const size_t end = std::min(train.find("::"), train.size());
    std::string folder = shards_of(to, "--train-data", train.substr(0, end), columns);
    folders += text(folders.empty() ? "" : ", ", value_text(&folder));
    train.erase(0, end + 2);
  }
  if (folders.empty()) {
    to.remark("--train-data", "it is not given; set data.train to a folder of shards");
  } else {
    to.set("data.train", text("[", folders, "]"));
  }
  const std::string validation = to.flags.take_value("val_data").value_or("");
  if (!validation.empty()) {
    to.set("data.validation", shards_of(to, "--val-data", validation, columns));
  }
  if (!to.flags.take_switch("dataset_resampled")) return;
  if (!has_archives) {
    return to.remark("--dataset-resampled", "it has no effect on tables, only on archives");
  }
  to.set("data.sampling", "resampled");
  const auto samples = to.flags.take_value("train_num_samples");
  if (samples) {
    to.set("data.epoch_samples", *samples, text("--train-num-samples ", *samples));
  }
}

void take_objective(FlagTranslation& to) {
  const bool mkcl = to.flags.take_switch("mkcl");
  const bool local = to.flags.take_switch("subcaptions");
  const bool weights = to.flags.take_switch("use_disease_specific_weight");
  if (!mkcl && !local) return to.set("objective.name", "clip");
  to.set("objective.mkcl", mkcl ? "true" : "false");
  to.set("objective.local_alignment", local ? "true" : "false");
  to.set("objective.subcaption_weights", weights ? "true" : "false");
}

void take_augmentation(FlagTranslation& to) {
  const auto flag = to.flags.take("aug_cfg");
  if (!flag) return;
  for (const std::string& setting : flag->values) {
    const size_t equals = std::min(setting.find('='), setting.size());
    const std::string name = setting.substr(0, equals);
    std::string value = setting.substr(std::min(equals + 1, setting.size()));
    std::ranges::replace(value, '(', '[');
    std::ranges::replace(value, ')', ']');
    const ForeignKey* foreign = find_foreign(name, foreign_train_keys());
    const std::string key = foreign ? std::string(foreign->key) : text("augmentation.", name);
    if (!to.is_setting(key)) {
      to.remark(text("--aug-cfg ", setting), "there is no such augmentation");
    } else if (key == "augmentation.color_jitter" && !value.starts_with('[')) {
      to.remark(text("--aug-cfg ", setting), "augmentation.color_jitter takes four numbers");
    } else {
      to.set(key, value, text("--aug-cfg ", setting));
    }
  }
}

void take_training(FlagTranslation& to) {
  const auto scheduler = to.flags.take("lr_scheduler");
  if (scheduler && scheduler->text() != "--lr-scheduler cosine") {
    to.remark(scheduler->text(), find_foreign("lr_scheduler", foreign_train_keys())->note);
  }
  const auto optimizer = to.flags.take("opt");
  if (optimizer && optimizer->text() != "--opt adamw") {
    to.remark(optimizer->text(), find_foreign("opt", foreign_train_keys())->note);
  }
  const auto warmup = to.flags.take_value("warmup");
  if (warmup) {
    to.set("schedule.warmup", *warmup, text("--warmup ", *warmup));
  } else {
    to.set("schedule.warmup", "10000");
    to.remark("--warmup", "it is not given; open_clip's default is 10000 steps");
  }
  if (to.flags.take_switch("grad_checkpointing")) {
    to.set("model.checkpointed_image_blocks", "-1");
    to.set("model.checkpointed_text_blocks", "-1");
  }
}

void take_validation(FlagTranslation& to) {
  const auto zero_shot = to.flags.take_value("zeroshot_frequency");
  const auto validation = to.flags.take_value("val_frequency");
  if (zero_shot && validation && *zero_shot != *validation) {
    to.remark(text("--val-frequency ", *validation),
              text("the validation loss is due together with the benchmarks, by "
                   "--zeroshot-frequency ",
                   *zero_shot));
  }
  if (zero_shot) {
    to.set("validation.every_epochs", *zero_shot, text("--zeroshot-frequency ", *zero_shot));
  } else if (validation) {
    to.set("validation.every_epochs", *validation, text("--val-frequency ", *validation));
  }
  if (to.flags.take_switch("delete_previous_checkpoint")) to.set("checkpoint.keep", "1");
}

// Flags that are neither settings nor in the table of foreign keys.
constexpr std::string_view kOtherFlags[] = {"aug_cfg", "model"};

// Refuses a command of which no flag is one of open_clip or MAKE.
void check_known(const FlagTranslation& to) {
  std::string names;
  for (const auto& [name, flag] : to.flags.rest()) {
    const bool is_known = std::ranges::find(kOtherFlags, name) != std::end(kOtherFlags) ||
                          find_foreign(name, foreign_train_keys()) != nullptr ||
                          !to.setting_named(name).empty();
    if (is_known) return;
    names += text(names.empty() ? "" : ", ", flag.written);
  }
  throw ConfigError(text("the command line holds no flag of open_clip or MAKE, but ", names,
                         "; give the command that starts the training, or its flags"));
}

void take_rest(FlagTranslation& to) {
  for (const auto& [name, flag] : to.flags.rest()) {
    const ForeignKey* foreign = find_foreign(name, foreign_train_keys());
    const std::string key = foreign ? std::string(foreign->key) : to.setting_named(name);
    if (foreign == nullptr && key.empty()) {
      to.remark(flag.text(), "it is not known here as a flag of open_clip or MAKE");
    } else if (to.is_setting(key) && (foreign == nullptr || foreign->note.empty())) {
      to.set(key, flag.values.empty() ? "true" : flag.value(), flag.text());
    } else {
      to.remark(flag.text(), answer_to(*foreign));
    }
  }
}

}  // namespace

std::string configuration_from_flags(std::string_view command) {
  FlagTranslation translation{CommandFlags(command)};
  check_known(translation);
  remark_variables(translation);
  take_run(translation);
  take_model(translation);
  take_lock(translation, "lock_image", "lock_image_unlocked_groups");
  take_lock(translation, "lock_text", "lock_text_unlocked_layers");
  take_batch(translation);
  take_precision(translation);
  take_data(translation);
  take_objective(translation);
  take_augmentation(translation);
  take_training(translation);
  take_validation(translation);
  take_rest(translation);
  return translation.yaml();
}

}  // namespace dermatome
