"""Tests the job scripts of slurm/ under a real Slurm of two hosts: three ways to start the ranks, a requeue in
the middle, an evaluation that depends on a training, errors.

usage: slurm_test.py BINARY WORK_DIR
"""

import json
import os
import pathlib
import shutil
import signal
import sys
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests/support"))

import needs  # noqa: E402
from cluster import PROGRAMS, Cluster  # noqa: E402
from training_data import make_data, ranks_of, reach, write_configuration  # noqa: E402

BINARY, WORK = sys.argv[1], pathlib.Path(sys.argv[2]) / "slurm"
# Step EARLY is after the first checkpoint, and so far from the last step that the job still runs when a
# request comes, even on a fast machine.
STEPS, CHECKPOINT_STEPS, EARLY = 200, 25, 30
TWO_HOSTS = ["--nodes=2", "--ntasks-per-node=1", "--cpus-per-task=1", f"--output={WORK}/%j.log"]


class Slurm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(WORK, ignore_errors=True)
        make_data(WORK, BINARY, 90, "--short-side", "20")
        write_configuration(WORK, STEPS, CHECKPOINT_STEPS, 30,
                            f"{{every_epochs: 50, benchmarks: [{WORK}/colors.yaml], batch_size: 7}}")
        cls.cluster = Cluster()
        cls.addClassCleanup(cls.cluster.stop)
        cls.straight = cls.train("straight", launch="pmix")
        cls.evaluation = cls.evaluate("straight", f"--dependency=afterok:{cls.straight}")

    @classmethod
    def submit(cls, script, *arguments, launch="pmix", options=(), binary=BINARY):
        return cls.cluster.submit(*TWO_HOSTS, *options, SOURCE / "slurm" / script, *arguments,
                                  DERMATOME_HOME=str(SOURCE), DERMATOME_BINARY=str(binary),
                                  DERMATOME_LAUNCH=launch, OMP_NUM_THREADS="1",
                                  OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")

    @classmethod
    def train(cls, name, *arguments, **how):
        return cls.submit("pretrain.sbatch", WORK / "config.yaml", f"name={name}", *arguments, **how)

    @classmethod
    def evaluate(cls, name, *options):
        return cls.submit("evaluate.sbatch", "--checkpoint", WORK / "runs" / name, "--benchmark",
                          WORK / "colors.yaml", options=[*options, f"--error={WORK}/%j.err"])

    def log(self, job):
        path = WORK / f"{job}.log"
        return path.read_text() if path.exists() else ""

    def assert_ends(self, job, state, code):
        record = self.cluster.wait_for(job)
        self.assertEqual((record["JobState"], record["ExitCode"]), (state, f"{code}:0"), self.log(job))
        return record

    def results(self, name):
        return [json.loads(line) for line in (WORK / "runs" / name / "results.jsonl").read_text().splitlines()]

    def losses(self, name):
        return {each["step"]: each["train"]["loss"] for each in self.results(name) if "train" in each}

    def assert_equals_straight(self, name):
        self.assert_ends(self.straight, "COMPLETED", 0)
        self.assertEqual(sorted(self.losses(name)), list(range(1, STEPS + 1)))
        self.assertEqual(self.losses(name), self.losses("straight"))
        for file in ("open_clip_model.safetensors", "optimizer.safetensors"):
            one, other = ((WORK / "runs" / run / f"checkpoints/step_{STEPS:08d}" / file).read_bytes()
                          for run in ("straight", name))
            self.assertTrue(one == other, file)

    def test_mpirun_and_srun_without_mpi_train_as_srun_with_pmix(self):
        jobs = {launch: self.train(launch, launch=launch) for launch in ("mpirun", "srun")}
        for launch, job in jobs.items():
            self.assert_ends(job, "COMPLETED", 0)
            self.assertIn("rank 1: host n2", self.log(job))
            self.assert_equals_straight(launch)

    def reach(self, name, step):
        reach(WORK / "runs" / name, step, describe=self.cluster.logs)

    def test_interrupted_jobs_continue_where_they_were(self):
        # Slurm itself sends USR1 to the script some time before the time limit.
        stop, requeue = ["scancel", "--batch", "--signal=USR1"], ["scontrol", "requeue"]
        jobs = {}
        for name, launch, request in [("signal_pmix", "pmix", stop), ("signal_mpirun", "mpirun", stop),
                                      ("signal_srun", "srun", stop), ("requeued", "pmix", requeue)]:
            jobs[name] = self.train(name, launch=launch)
            self.reach(name, EARLY)
            self.cluster.run(*request, jobs[name])
        for name, job in jobs.items():
            record = self.assert_ends(job, "COMPLETED", 0)
            self.assertEqual(record["Restarts"], "1", self.log(job))
            self.assertIn("resuming from step", self.log(job))
            self.assertEqual("stopped on request: requeueing" in self.log(job), name != "requeued")
            self.assert_equals_straight(name)

    def test_request_before_the_ranks_can_answer_requeues(self):
        program = WORK / "slow_start.sh"
        program.write_text(f"""#!/bin/bash
[[ -n ${{SLURM_RESTART_COUNT:-}} ]] || {{ echo asleep; exec sleep 60; }}
exec {BINARY} "$@"
""")
        program.chmod(0o755)
        job = self.train("early", "schedule.max_steps=6", binary=program)
        self.cluster.wait_until(lambda: self.log(job).count("asleep") == 2, "sleeping ranks", 30)
        self.cluster.run("scancel", "--batch", "--signal=USR1", job)
        record = self.assert_ends(job, "COMPLETED", 0)
        self.assertEqual(record["Restarts"], "1", self.log(job))
        self.assertIn("stopped by the signal: requeueing", self.log(job))

    def test_lost_rank_starts_the_ranks_again(self):
        job = self.train("lost")
        self.reach("lost", EARLY)
        os.kill(ranks_of(BINARY, "train", "name=lost")[1], signal.SIGKILL)
        record = self.assert_ends(job, "COMPLETED", 0)
        self.assertEqual(record["Restarts"], "0")
        self.assertIn("starting again, 1 of 3", self.log(job))
        self.assertIn("resuming from step", self.log(job))
        self.assert_equals_straight("lost")

    def test_cancelled_job_does_not_come_back(self):
        job = self.train("cancelled", "schedule.max_steps=5000")
        self.reach("cancelled", 2)
        self.cluster.run("scancel", job)
        record = self.cluster.wait_for(job)
        self.assertEqual((record["JobState"], record["Restarts"]), ("CANCELLED", "0"))

    def test_dependent_evaluation_scores_the_newest_checkpoint(self):
        self.assert_ends(self.straight, "COMPLETED", 0)
        self.assert_ends(self.evaluation, "COMPLETED", 0)
        result = json.loads(self.log(self.evaluation))
        self.assertTrue(result["checkpoint"].endswith(f"/step_{STEPS:08d}"), result)
        validation = [each for each in self.results("straight") if "validation" in each][-1]
        self.assertEqual(validation["step"], STEPS)
        self.assertEqual(result["num_samples"], 90)
        self.assertEqual(result["scores"], validation["validation"]["colors"])

    def test_evaluation_in_an_array_takes_a_pair_a_task(self):
        self.assert_ends(self.straight, "COMPLETED", 0)
        chosen, beyond = (self.evaluate("straight", f"--array={task}") for task in (1, 99))
        for job in (chosen, beyond):
            self.assert_ends(job, "COMPLETED", 0)
        result = json.loads(self.log(chosen))
        self.assertTrue(result["checkpoint"].endswith(f"/step_{2 * CHECKPOINT_STEPS:08d}"), result)
        self.assertEqual(self.log(beyond), "")

    def test_evaluation_watches_a_run(self):
        self.assert_ends(self.straight, "COMPLETED", 0)
        run = WORK / "runs/straight"
        job = self.submit("evaluate.sbatch", "watch", run, "--benchmark", WORK / "colors.yaml", "--until-step",
                          STEPS, options=[f"--error={WORK}/%j.err"])
        self.assert_ends(job, "COMPLETED", 0)
        steps = [json.loads(line)["step"] for line in (run / "evaluations.jsonl").read_text().splitlines()]
        self.assertEqual(steps, list(range(CHECKPOINT_STEPS, STEPS + 1, CHECKPOINT_STEPS)))

    def test_wrong_configuration_ends_the_job_with_its_code(self):
        for launch in ("pmix", "mpirun", "srun"):
            record = self.assert_ends(job := self.train("wrong", "batch_size=13", launch=launch), "FAILED", 2)
            self.assertEqual(record["Restarts"], "0")
            self.assertNotIn("again", self.log(job))

    def test_scripts_say_what_is_missing(self):
        # A release build that has CUDA would use a GPU of this machine.
        idle = ("pretrain.sbatch", [WORK / "config.yaml", "name=gpu", "runtime.device=auto"],
                {"CUDA_VISIBLE_DEVICES": "0", "DERMATOME_LAUNCH": "mpirun"},
                "this job has GPUs (CUDA_VISIBLE_DEVICES=0)")
        for script, arguments, variables, expected in [
                *([] if pathlib.Path("/dev/nvidiactl").exists() else [idle]),
                ("pretrain.sbatch", [], {}, "usage: sbatch"),
                ("evaluate.sbatch", [], {}, "usage: sbatch"),
                ("pretrain.sbatch", ["c.yaml"], {"DERMATOME_BINARY": "/no/program"}, "tools/build.sh"),
                ("pretrain.sbatch", ["c.yaml"], {"DERMATOME_LAUNCH": "ssh"}, "pmix, mpirun, srun"),
                ("evaluate.sbatch", ["x"], {"DERMATOME_HOME": "/nowhere"}, "DERMATOME_HOME")]:
            variables = {"DERMATOME_HOME": str(SOURCE), "DERMATOME_BINARY": BINARY, **variables}
            job = self.cluster.submit(*TWO_HOSTS, f"--error={WORK}/%j.log", SOURCE / "slurm" / script,
                                      *arguments, **variables)
            self.assert_ends(job, "FAILED", 2)
            self.assertIn(expected, self.log(job))


if __name__ == "__main__":
    needs.end_unless("slurm", needs.missing_programs(PROGRAMS) or needs.missing_namespaces())
    needs.enter_namespaces()
    # Most tests need what the first job made, so the first failure says all.
    unittest.main(argv=sys.argv[:1], verbosity=2, failfast=True)
