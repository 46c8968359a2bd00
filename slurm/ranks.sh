# How the job scripts of this folder start ranks; to be sourced, not run. All settings come through
# the environment of sbatch:
#   DERMATOME_HOME    the checkout (default: where sbatch was called)
#   DERMATOME_BINARY  default: build/release/dermatome there
#   DERMATOME_LAUNCH  pmix    srun and PMIx (default)
#                     mpirun  the MPI's own launcher inside the allocation
#                     srun    srun's variables alone, for a Slurm without PMIx; no MPI is used
#   DERMATOME_RETRIES how often a step that lost a rank, or its storage, starts again in the same
#                     allocation (default 3)
#   DERMATOME_RETRY_PAUSE  seconds before the first new start after storage stayed away (default 30);
#                     each further pause is twice as long

dermatome="${DERMATOME_BINARY:-$home/build/release/dermatome}"
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
  [[ -x $dermatome ]] ||
    fail "$dermatome is no program. Build it with tools/build.sh, or set DERMATOME_BINARY"
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
