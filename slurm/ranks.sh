# How the job scripts of this folder start ranks; to be sourced, not run. All settings come through
# the environment of sbatch:
#   DERMATOME_HOME    the checkout (default: where sbatch was called)
#   DERMATOME_BINARY  default: build/cuda/dermatome there if the job has GPUs and that build exists, else
#                     build/release/dermatome
#   DERMATOME_REQUIRE_GPU  1 (default): a job that has GPUs ends with 2 if its ranks cannot use one, unless
#                     runtime.device or --device is cpu; 0: it then works on the CPUs, with a warning
#   DERMATOME_LAUNCH  pmix    srun and PMIx (default)
#                     mpirun  the MPI's own launcher inside the allocation
#                     srun    srun's variables alone, for a Slurm without PMIx; no MPI is used
#   DERMATOME_RETRIES how often a step that lost a rank, or its storage, starts again in the same
#                     allocation (default 3)
#   DERMATOME_RETRY_PAUSE  seconds before the first new start after storage stayed away (default 30);
#                     each further pause is twice as long

export DERMATOME_REQUIRE_GPU="${DERMATOME_REQUIRE_GPU:-1}"

# Whether Slurm gave this job GPUs, and nobody hides them.
job_has_gpus() {
  case "${CUDA_VISIBLE_DEVICES-unset}" in
    unset) ;;
    "" | -1 | NoDevFiles) return 1 ;;
    *) return 0 ;;
  esac
  local number
  [[ -z ${SLURM_JOB_GPUS:-} ]] || return 0
  for number in "${SLURM_GPUS_ON_NODE:-0}" "${SLURM_GPUS:-0}" "${SLURM_GPUS_PER_NODE:-0}" \
    "${SLURM_GPUS_PER_SOCKET:-0}" "${SLURM_GPUS_PER_TASK:-0}"; do
    [[ $number == 0 ]] || return 0
  done
  return 1
}

dermatome="$home/build/release/dermatome"
if job_has_gpus && [[ -x $home/build/cuda/dermatome ]]; then
  dermatome="$home/build/cuda/dermatome"
fi
dermatome="${DERMATOME_BINARY:-$dermatome}"
# Slurm 22.05 and later do not pass --cpus-per-task on to the steps. Ranks that lose another rank end by
# themselves with exit codes that count, so srun must not kill them; but without a limit it would wait
# for a rank that hangs. The limit leaves rank 0 time to finish after the others.
srun_options=(--wait=600 ${SLURM_CPUS_PER_TASK:+--cpus-per-task="$SLURM_CPUS_PER_TASK"})

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 2
}

# Sets `command` to what starts `dermatome ARGUMENT…` on the tasks of this job.
ranks_of_job() {
  local build=tools/build.sh
  ! job_has_gpus || build="tools/build.sh cuda"
  [[ -x $dermatome ]] ||
    fail "$dermatome is no program. Build it with $build, or set DERMATOME_BINARY"
  case "${DERMATOME_LAUNCH:=pmix}" in
    pmix) command=(srun --mpi=pmix "${srun_options[@]}" "$dermatome") ;;
    srun) command=(srun --mpi=none "${srun_options[@]}" "$dermatome") ;;
    mpirun) command=("$dermatome" launch --ranks "$SLURM_NTASKS") ;;
    *) fail "DERMATOME_LAUNCH=$DERMATOME_LAUNCH is none of pmix, mpirun, srun" ;;
  esac
  command+=("$@")
  printf '== job %s, restart %s, %s task(s) on %s: %s\n' "$SLURM_JOB_ID" "${SLURM_RESTART_COUNT:-0}" \
    "$SLURM_NTASKS" "$SLURM_JOB_NODELIST" "${command[*]}" >&2
}
