#include "src/config/foreign_keys.h"

#include <algorithm>
#include <cctype>

#include "src/core/text.h"

namespace dermatome {
namespace {

constexpr std::string_view kGlobalBatch =
    "it counts the samples of all ranks and micro-batches together";
constexpr std::string_view kExactLoss =
    "the loss is that of the global batch, with its exact gradient, on any number of ranks";
constexpr std::string_view kCosine =
    "the learning rate always follows a cosine to 0 after a linear warm-up";
constexpr std::string_view kAdamW = "the optimizer is always AdamW";
constexpr std::string_view kRanks =
    "`dermatome launch --ranks`, mpirun, srun or torchrun says how many ranks there are, and they "
    "find each other";
constexpr std::string_view kLogs =
    "a run writes results.jsonl, and `dermatome report` makes a page of it";
constexpr std::string_view kModelFile =
    "the file that model.architecture names says it; copy this file and change it there";
constexpr std::string_view kLock =
    "model.lock_image and model.lock_text are none, all, or the number of the tower's last blocks "
    "that are trained";
constexpr std::string_view kGroups =
    "it takes one number less than open_clip's groups, of which the projection is one";
constexpr std::string_view kNothingCompiled = "nothing is compiled while a training runs";
constexpr std::string_view kObjectives = "the objectives are make and clip, see objective.name";
constexpr std::string_view kTable =
    "`dermatome shard` reads the table, so its options say how; training reads only shards";
constexpr std::string_view kAugmentation = "there is no such augmentation";
constexpr std::string_view kHierarchy = "O-MAKE's contrast along the ontology does not exist here";
constexpr std::string_view kShards = "it takes folders of shards, which `dermatome shard` makes";
constexpr std::string_view kBenchmarks = "it takes a list of benchmark files (YAML)";

constexpr ForeignKey kForeignKeys[] = {
    {"run_name exp_name experiment experiment_name", "name", ""},
    {"logs output_dir out_dir save_dir log_dir work_dir", "output", ""},
    {"random_seed", "seed", ""},
    {"batch bs batchsize global_batch_size train_batch_size", "batch_size", kGlobalBatch},
    {"per_device_train_batch_size local_batch_size batch_size_per_gpu micro_batch_size",
     "batch_size", kGlobalBatch},
    {"accum_freq accumulation grad_accum gradient_accumulation gradient_accumulation_steps "
     "accumulate_grad_batches micro_batches",
     "accum", ""},
    {"auto_resume continue", "resume", "a run continues by itself when it is started again"},

    {"arch backbone model_name model_config model.name model.model model.config model.arch",
     "model.architecture", ""},
    {"model.weights model.checkpoint init_from init_weights pretrained_weights finetune",
     "model.pretrained", ""},
    {"amp bf16 fp16 dtype mixed_precision", "model.precision", "it is fp32 or amp_bf16"},
    {"grad_checkpointing gradient_checkpointing activation_checkpointing",
     "model.checkpointed_image_blocks",
     "set model.checkpointed_text_blocks too; -1 stands for all blocks"},
    {"force_patch_dropout", "model.patch_dropout", ""},
    {"force_quick_gelu quickgelu use_quick_gelu", "model.quick_gelu", ""},
    {"freeze frozen freeze_image freeze_vision freeze_backbone", "model.lock_image", kLock},
    {"freeze_text", "model.lock_text", kLock},
    {"lock_image_unlocked_groups", "model.lock_image", kGroups},
    {"lock_text_unlocked_layers", "model.lock_text", kGroups},

    {"train_data train_dir train_path data_path data_dir dataset_path shards train_shards",
     "data.train", kShards},
    {"val_data val_dir val_path valid_data validation_data eval_data data.val data.valid",
     "data.validation", kShards},
    {"num_workers dataloader_num_workers loader_workers j", "data.workers", ""},
    {"prefetch_factor", "data.prefetch", ""},
    {"shuffle_buffer shuffle_buffer_size buffer_size", "data.shuffle_window", "it counts blocks"},
    {"dataset_resampled resampled with_replacement", "data.sampling", "it is shuffle or resampled"},
    {"train_data_upsampling_factors sample_stratagy sample_strategy", "data.weights",
     "it takes each folder's share of the draws, with data.sampling: resampled"},
    {"train_num_samples samples_per_epoch", "data.epoch_samples",
     "it is only for data.sampling: resampled; shards know how many samples they hold"},

    {"color_jitter_prob", "augmentation.color_jitter_probability", ""},
    {"gray_scale_prob grayscale_prob gray_prob", "augmentation.gray_probability", ""},

    {"objective.type objective.loss loss_name", "objective.name", ""},
    {"subcaptions", "objective.local_alignment", ""},
    {"use_disease_specific_weight", "objective.subcaption_weights", ""},

    {"learning_rate base_lr peak_lr max_lr", "optimizer.lr", ""},
    {"wd decay l2 l2_penalty", "optimizer.weight_decay", ""},
    {"adam_beta1", "optimizer.beta1", ""},
    {"adam_beta2", "optimizer.beta2", ""},
    {"betas", "optimizer.beta1", "the second one is optimizer.beta2"},
    {"adam_eps adam_epsilon epsilon", "optimizer.eps", ""},
    {"visual_lr vision_lr lr_image lr_img lr_visual", "optimizer.image_lr", ""},
    {"lr_text lr_txt", "optimizer.text_lr", ""},
    {"visual_wd image_wd", "optimizer.image_weight_decay", ""},
    {"text_wd", "optimizer.text_weight_decay", ""},
    {"layerwise_lr_decay layer_lr_decay llrd", "optimizer.layer_decay", ""},
    {"text_layer_decay image_layer_decay visual_layer_decay visual_ld text_ld",
     "optimizer.layer_decay", "it counts for both towers"},
    {"grad_clip grad_clip_norm clip_grad clip_grad_norm gradient_clip_val gradient_clipping "
     "max_grad_norm",
     "optimizer.clip_norm", ""},
    {"skip_nan skip_nan_steps", "optimizer.non_finite", "it is fail or skip"},

    {"epoch num_epochs n_epochs max_epochs num_train_epochs", "schedule.epochs", ""},
    {"steps num_steps total_steps max_train_steps train_steps max_iters iterations",
     "schedule.max_steps", ""},
    {"warmup_steps num_warmup_steps lr_warmup_steps warmup_iters", "schedule.warmup", ""},
    {"warmup_epochs warmup_ratio warmup_proportion", "schedule.warmup", "it counts steps"},

    {"save_frequency save_freq save_every save_every_epochs checkpoint.frequency",
     "checkpoint.every_epochs", ""},
    {"save_steps save_every_steps", "checkpoint.every_steps", ""},
    {"save_total_limit keep_last keep_last_n delete_previous_checkpoint", "checkpoint.keep", ""},

    {"zeroshot_frequency val_frequency eval_frequency eval_every val_every validation.frequency",
     "validation.every_epochs", ""},
    {"eval_steps val_steps eval_every_steps", "validation.every_steps", ""},
    {"eval_batch_size val_batch_size per_device_eval_batch_size", "validation.batch_size", ""},
    {"imagenet_val imagenet_v2 zeroshot_eval eval_datasets", "validation.benchmarks", kBenchmarks},

    {"log_every_n_steps logging_steps log_interval log_freq print_freq", "runtime.log_every", ""},
    {"num_threads omp_num_threads", "runtime.threads", ""},
    {"timeout timeout_seconds", "runtime.timeout_s", ""},
    {"bucket_cap_mb", "runtime.bucket_mb", ""},

    // Sections.
    {"optim", "optimizer", ""},
    {"scheduler lr_schedule", "schedule", ""},
    {"dataset datasets", "data", ""},
    {"aug augment augmentations transforms", "augmentation", ""},
    {"loss losses", "objective", ""},
    {"checkpoints ckpt", "checkpoint", ""},
    {"val eval evaluation", "validation", ""},

    {"local_loss gather_with_grad", "", kExactLoss},
    {"lr_scheduler lr_scheduler_type skip_scheduler epochs_cooldown lr_cooldown_end "
     "lr_cooldown_power min_lr",
     "", kCosine},
    {"opt opt_kwargs opt_fallback_list momentum optimizer.name optimizer.type", "", kAdamW},
    {"wd_exclude", "", "weight decay always applies to matrices only"},
    {"dist_url dist_backend horovod ddp_static_graph no_set_device_rank use_bn_sync fsdp gpus "
     "num_gpus world_size nproc_per_node num_nodes devices",
     "", kRanks},
    {"report_to wandb wandb_notes wandb_project_name tensorboard", "", kLogs},
    {"copy_codebase", "", "a run records the revision of the binary"},
    {"debug log_local log_metric_every_n_steps train_loss_ema_samples", "", kLogs},
    {"remote_sync remote_sync_frequency remote_sync_protocol", "",
     "copy the run's folder with a tool of your own"},
    {"save_most_recent", "", "the newest checkpoint is always kept"},
    {"force_image_size image_size image_mean image_std image_interpolation image_resize_mode "
     "force_context_length context_length force_custom_text",
     "", kModelFile},
    {"pretrained_image", "", "weights of both towers come from model.pretrained"},
    {"lock_image_freeze_bn_stats lock_text_freeze_layer_norm", "",
     "a norm is locked with the block that it belongs to"},
    {"torchscript torchcompile torchcompile_strategy torchcompile_backend torchcompile_mode trace "
     "compile",
     "", kNothingCompiled},
    {"siglip coca_caption_loss_weight coca_contrastive_loss_weight distill_model "
     "distill_pretrained loss_dist_impl",
     "", kObjectives},
    {"use_bnb_linear", "", "weights are float32"},
    {"ohcl ohcl_temp ohcl_beta loss_type", "", kHierarchy},
    {"dataset_type csv_separator csv_img_key csv_caption_key csv_label_key image_key text_key "
     "json_text_key parent_path image_path val_num_samples",
     "", kTable},
    {"use_timm auto_augment re_prob re_mode re_count color_jitter_type", "", kAugmentation},
    {"cache_dir", "", "nothing is downloaded"},
    {"val_retrieval_chunk_size val_retrieval_precision", "",
     "retrieval always ranks all candidates"},
    {"temperature logit_scale", "", "the logit scale is learned from the model's initial value"},
};

bool has_name(const ForeignKey& foreign, std::string_view name) {
  std::string_view names = foreign.names;
  while (true) {
    const size_t end = names.find(' ');
    if (names.substr(0, end) == name) return true;
    if (end == std::string_view::npos) return false;
    names.remove_prefix(end + 1);
  }
}

const ForeignKey* find_named(std::string_view name, std::span<const ForeignKey> known) {
  const auto found =
      std::ranges::find_if(known, [&](const auto& entry) { return has_name(entry, name); });
  return found == known.end() ? nullptr : &*found;
}

}  // namespace

std::string normalized_name(std::string_view name) {
  name.remove_prefix(std::min(name.find_first_not_of('-'), name.size()));
  std::string normalized(name);
  for (char& c : normalized) {
    c = c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return normalized;
}

const ForeignKey* find_foreign(std::string_view name, std::span<const ForeignKey> known) {
  const std::string whole = normalized_name(name);
  if (const ForeignKey* found = find_named(whole, known)) return found;
  const std::string_view last = std::string_view(whole).substr(whole.rfind('.') + 1);
  if (const ForeignKey* found = find_named(last, known)) return found;
  // MAKE's zeroshot_eval1, zeroshot_eval2, …
  return find_named(last.substr(0, last.find_last_not_of("0123456789") + 1), known);
}

std::string answer_to(const ForeignKey& foreign) {
  if (foreign.key.empty()) return text("nothing here corresponds to it: ", foreign.note);
  return text("here it is called '", foreign.key, "'", foreign.note.empty() ? "" : ": ",
              foreign.note);
}

std::span<const ForeignKey> foreign_train_keys() { return kForeignKeys; }

}  // namespace dermatome
