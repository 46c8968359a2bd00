"""Tests what the pages (*.md) promise: their commands work, and the messages that they explain are printed.

usage: pages_test.py BINARY WORK_DIR

The blocks ```sh of all pages run in the order of PAGES, in one folder that has tiny data with the names that the pages
use. A model of a few thousand parameters takes the place of the real one. Blocks ```sh not-run: REASON, and commands
within the text, are only parsed: their programs, files, options and keys must exist.
"""

import concurrent.futures
import functools
import os
import re
import shutil
import stat
import subprocess
import sys
import time
import unittest
from pathlib import Path

import yaml

SOURCE = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(SOURCE / "tests/support"), str(SOURCE / "tools")]
import check_links  # noqa: E402
import pages  # noqa: E402
import training_data  # noqa: E402

BINARY, WORK = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve() / "pages"
# The other pages use what the commands of these pages made.
PAGES = ["README.md", "sharding/README.md", "configs/README.md", "configs/models/README.md"]
TRAINING, TEST = 24, 12  # images
# Comes behind the arguments of `train` and `plan`.
TINY = [f"model.architecture={training_data.MODEL}", "batch_size=8", "schedule.max_steps=4", "schedule.warmup=2",
        "runtime.device=cpu", "runtime.threads=1", "runtime.log_every=1", "data.workers=1"]
# Programs of others, in blocks that are not run.
FOREIGN = {"apptainer", "cd", "ctest", "do", "done", "export", "for", "gdb", "hf", "module", "optimum-cli", "pip", "python",
           "python3", "spack", "unzip"}
# Stand for a name or value that the reader fills in.
PLACEHOLDERS = re.compile(r"…|^[A-Z_]+$|=[A-Z]+$")
SHARING = ["launch", "train", "plan"]


def all_pages():
    found = [page.relative_to(SOURCE).as_posix() for page in check_links.Repository(SOURCE).pages()]
    return PAGES + [page for page in found if page not in PAGES]


def make_folder():
    """Makes the data that the pages' commands are given, and programs under the names that the pages use."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    rows = training_data.make_table(WORK, TRAINING + TEST)
    training_data.write_table(WORK / "captions.csv", ["filename", "caption"],
                              [{key: row[key] for key in ("filename", "caption")} for row in rows[:TRAINING]])
    labels = ["nevus", "melanoma"]
    # The first one is a training image, too.
    test_names = [row["filename"] for row in [rows[0], *rows[TRAINING:]]]
    training_data.write_table(WORK / "test.csv", ["filename", "label"],
                              [{"filename": name, "label": labels[i % 2]} for i, name in enumerate(test_names)])
    training_data.write_table(WORK / "patients.csv", ["filename", "diagnosis", "age"],
                              [{"filename": row["filename"], "diagnosis": labels[i % 2], "age": 30 + i} for i, row in enumerate(rows)])
    for i, label in enumerate(labels):
        (WORK / "class_folders" / label).mkdir(parents=True)
        shutil.copy(WORK / f"images/{i}.png", WORK / "class_folders" / label)
    for name in ("configs", "slurm", "src", "tests", "tools"):
        (WORK / name).symlink_to(SOURCE / name)
    program = WORK / "build/release/dermatome"
    program.parent.mkdir(parents=True)
    program.write_text(f"""#!/bin/bash
case "$* " in "train "* | "plan "* | "launch "*" train "*) set -- "$@" {" ".join(TINY)} ;; esac
exec {BINARY} "$@"
""")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    run("tools/captions.py captions.csv train.csv")


def run(script, seconds=300):
    environment = dict(os.environ, BINARY=str(BINARY), OMP_NUM_THREADS="1",
                       OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                       PATH=f"{WORK}/build/release:{Path(sys.executable).parent}:{os.environ['PATH']}")
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=WORK, env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds)
    return done.returncode, done.stdout


@functools.cache
def help_of(command):
    return subprocess.run([BINARY, command, "--help"], capture_output=True, text=True, check=True).stdout


@functools.cache
def keys():
    """All keys of a configuration, as the first run wrote them down."""
    found = set()
    for name, value in yaml.safe_load((WORK / "runs/first/config.yaml").read_text()).items():
        found |= {f"{name}.{key}" for key in value} if isinstance(value, dict) else {name}
    return found


class Commands:
    """What is wrong with a command that cannot run here."""

    def __init__(self):
        self.repository = check_links.Repository(SOURCE)

    def problems(self, words):
        program = words[0]
        if program not in FOREIGN:
            yield from self.missing_files(words)
        if Path(program).name in ("dermatome", "dermatome.sif"):
            yield from self.of_dermatome(words[1:])
        elif program in ("mpirun", "srun", "sbatch") or words[:2] == ["apptainer", "run"]:
            yield from self.of_launcher(words)
        elif program.startswith("slurm/"):
            yield from self.of_launcher(["sbatch", *words])
        elif program.startswith(("tools/", "tests/")):
            yield from self.of_script(program, words[1:])
        elif program not in FOREIGN and not program.startswith("build/"):
            yield f"{program} is neither ours nor in FOREIGN"

    def missing_files(self, words):
        for name in self.repository.names(f"`{' '.join(words)}`"):
            if not name.startswith("build/") and not self.repository.holds_all(SOURCE / "README.md", name):
                yield f"{name} does not exist"

    def of_launcher(self, words):
        """Checks what mpirun, srun, sbatch or apptainer starts."""
        for place, word in enumerate(words[1:], start=1):
            if Path(word).name in ("dermatome", "dermatome.sif"):
                rest = [each for each in words[place + 1:] if each != ":"]
                return self.of_dermatome(rest[:rest.index(word)] if word in rest else rest)
            if word.endswith("pretrain.sbatch"):
                return self.of_dermatome(["train", *words[place + 1:]])
            if word.endswith("evaluate.sbatch"):
                return self.of_dermatome(["evaluate", *words[place + 1:]])
        return []

    def of_dermatome(self, words):
        if not words or words[0].startswith("-") or PLACEHOLDERS.search(words[0]):
            return
        command, rest = words[0], words[1:]
        if not re.search(rf"^\s+{re.escape(command)}\s", help_of("--help"), re.MULTILINE):
            yield f"dermatome has no command {command}"
            return
        for place, word in enumerate(rest):
            # Everything behind the first word that is no option belongs to the command that `launch` starts.
            if command == "launch" and not word.startswith("-") and (place == 0 or not rest[place - 1].startswith("--")):
                yield from self.of_dermatome(rest[place:])
                return
            if word.startswith("--") and not re.search(rf"{re.escape(word.split('=')[0])}\b", help_of(command)):
                yield f"dermatome {command} has no option {word}"
            if command in SHARING and re.match(r"[a-z_.]+=", word) and word.split("=")[0] not in keys():
                yield f"{word.split('=')[0]} is no key of a configuration"

    def of_script(self, program, words):
        text = (SOURCE / program).read_text(encoding="utf-8")
        if program.startswith("tools/") and not os.access(SOURCE / program, os.X_OK):
            yield f"{program} cannot be executed"
        if program == "tools/bench.sh":
            text += "".join(path.read_text(encoding="utf-8") for path in (SOURCE / "tools/bench").glob("*.py"))
        for word in words:
            if word.startswith("--") and word.split("=")[0] not in text:
                yield f"{program} has no option {word}"


# Entries of "Troubleshooting", each by words of its message, and the commands that bring the message about. $T are
# settings that make a training small.
PROVOKED = {
    "cannot be started": "PATH=/nowhere $BINARY launch --ranks 2 train first.yaml",
    "started this process": "RANK=0 WORLD_SIZE=2 dermatome train first.yaml",
    "is not divisible by": "dermatome plan first.yaml --ranks 3",
    "runtime.device is cuda": "$BINARY train first.yaml $T runtime.device=cuda",
    "differs from rank 0": "mpirun --oversubscribe -n 1 dermatome train first.yaml name=mixed seed=1 : -n 1 dermatome train first.yaml name=mixed seed=2",
    "runs on one rank": "dermatome launch --ranks 2 report runs/first",
    "is no command": "dermatome trian first.yaml",
    "unknown key … with value …; the nearest known key is": "dermatome plan first.yaml --ranks 2 batchsice=8",
    "here it is called": "dermatome plan first.yaml --ranks 2 optimizer.learning_rate=8",
    "nothing here corresponds": "dermatome plan first.yaml --ranks 2 local_loss=true",
    "quotation marks make it text": "dermatome plan first.yaml --ranks 2 'batch_size=\"6\"'",
    "a tab stands": r"printf 'model:\n\tarchitecture: x\n' >tab.yaml; dermatome plan tab.yaml --ranks 2",
    "its keys are": "dermatome plan first.yaml --ranks 2 schedule=3",
    "give one of --defaults": "dermatome config",
    "expected key=value": "dermatome train first.yaml 64",
    "is longer than the training": "$BINARY plan first.yaml --ranks 2 $T schedule.max_steps=0 schedule.epochs=1 schedule.warmup=1000",
    "is larger than the data set": "$BINARY plan first.yaml --ranks 2 $T batch_size=1000",
    "captions per sample": "dermatome plan first.yaml --ranks 2 objective.num_subcaptions=3",
    "objective.mode: released": "dermatome plan first.yaml --ranks 2 objective.mode=released",
    "needs … per rank": "dermatome plan first.yaml --ranks 2 --device-memory 1MiB",
    "is not known; known are": "dermatome plan first.yaml --ranks 2 --device B999",
    "is of no known kind": "sed 1s/label/wrong/ test.csv >wrong.csv; dermatome shard --csv wrong.csv --images images --output x",
    "has no column": "dermatome shard --csv train.csv --label-column nothing --images images --output x",
    "is not UTF-8": r"printf 'filename,label\n0.png,n\xe9vus\n' >latin.csv; dermatome shard --csv latin.csv --output x",
    "fields, but the header has": r"printf 'filename,label\n0.png,a, b\n' >comma.csv; dermatome shard --csv comma.csv --output x",
    "none of its images is there": "dermatome shard --csv test.csv --images nowhere --output x",
    "but --num-subcaptions is": "dermatome shard --csv train.csv --images images --num-subcaptions 9 --output x",
    "has a label, because": "dermatome shard --folder images --template 'a {}' --output x",
    "is required; see": "$BINARY train",
    "images cannot be read, … are allowed": "sed 2s/.png/.none/ test.csv >part.csv; dermatome shard --csv part.csv --images images --output x",
    "by its first bytes": r"echo page >page.png; printf 'filename,label\npage.png,a\n' >page.csv; dermatome shard --csv page.csv --output y",
    "belongs to another table": "dermatome shard --csv test.csv --images images --output shards/train",
    "no data set of shards is there": "dermatome verify nowhere",
    "fail their checksum": "dermatome verify damaged",
    "belongs to other settings": "dermatome train first.yaml name=copy1 seed=5",
    "has no captions": "dermatome shard --folder class_folders --output shards/bare; $BINARY plan small.yaml --ranks 2 $T batch_size=2 data.train=shards/bare",
    "asks for": "$BINARY train first.yaml $T name=copy2 schedule.max_steps=3",
    "of step …, but of": "dermatome train first.yaml name=wrong from=runs/first:2",
    "there is no such run": "dermatome evaluate --checkpoint runs/frist --benchmark my_benchmark.yaml",
    "is no option of dermatome …; the nearest one": "dermatome evaluate --chekpoint runs/first",
    "a setting is written without dashes": "dermatome train first.yaml --lr 3",
    "neither a file nor a known name": "$BINARY plan first.yaml --ranks 2 model.architecture=ViT-B-61",
    "text_cfg.hf_model_name is": "echo '{\"embed_dim\": 8, \"vision_cfg\": {}, \"text_cfg\": {\"hf_model_name\": \"none/such\"}}' "
                                 ">bert.json; dermatome plan first.yaml --ranks 2 model.architecture=bert.json",
    "the tokenizer … of the model lies": "$BINARY plan first.yaml --ranks 2 model.architecture=ViT-B-16-PubMedBERT-256",
    "is described by": "dermatome evaluate --checkpoint runs/first --architecture ViT-B-16 --benchmark my_benchmark.yaml",
    "but none of them is in the data": r"printf 'filename\nnone.png\n' >none.csv; dermatome shard --csv train.csv --images images --exclude none.csv --output x",
    "on another data set": "dermatome train first.yaml name=copy3 data.train=[shards/train,shards/train]",
    "verifies; remove the directory": "dermatome train first.yaml name=broken",
    "is not finite at step": "dermatome train first.yaml name=diverged optimizer.lr=1e30 validation.benchmarks=[]",
    "holds neither": "dermatome evaluate --checkpoint images --benchmark my_benchmark.yaml",
    "belongs to an adapter": "mkdir -p adapter; echo {} >adapter/adapter_config.json; "
                             "dermatome evaluate --checkpoint adapter --benchmark my_benchmark.yaml",
    "does not say whether its model": "cp runs/first/checkpoints/*4/open_clip_model.safetensors said.safetensors; "
                                      "dermatome plan first.yaml --ranks 2 model.pretrained=said.safetensors",
    "misses the tensor": "cp runs/first/checkpoints/*4/optimizer.safetensors bare.safetensors; "
                         "dermatome train first.yaml name=bare model.pretrained=bare.safetensors",
    "holds no checkpoint yet": "mkdir -p empty/checkpoints; dermatome evaluate --checkpoint empty --benchmark my_benchmark.yaml",
    "is not a class of benchmark": "sed s/nevus,/mole,/ my_benchmark.yaml >fewer.yaml; dermatome evaluate --checkpoint runs/first --benchmark fewer.yaml",
    "must not choose": "sed 's/role: .*/role: test/' my_benchmark.yaml >role.yaml; "
                       "dermatome watch runs/first --benchmark role.yaml --select my-benchmark:top1 --once",
    "is no run's directory": "dermatome report runs/first/checkpoints",
    "an export says it": "cp runs/first/checkpoints/*4/open_clip_model.safetensors alone.safetensors; "
                             "dermatome export --checkpoint alone.safetensors --output exported/alone",
    "is not empty; name": "dermatome export --checkpoint runs/first --output images",
}


def entries():
    """The messages that the page of commands explains."""
    text = (SOURCE / "launcher/README.md").read_text(encoding="utf-8")
    return re.findall(r"^\*\*`(.+)`\*\*$", text, re.MULTILINE)


def pieces(message):
    """The fixed parts of a message."""
    return [piece.strip() for piece in message.split("…") if piece.strip()]


def is_printed(piece, texts):
    """Whether the sources hold the words, in at most three parts: names such as a file's are put in between."""
    for _ in range(3):
        fits = max(length for length in range(len(piece) + 1) if piece[:length] in texts)
        piece = piece[fits:]
    return not piece


def printed_texts():
    """The literals of the sources, and the scripts as they are, with a zero where a value is put in."""
    texts = []
    literal = re.compile(r'"((?:[^"\\\n]|\\.)*)"(?:\s*\n?\s*"((?:[^"\\\n]|\\.)*)")*')
    for folder, suffixes in (("launcher", (".cpp",)), ("src", (".cpp", ".h")), ("sharding", (".cpp", ".h")),
                             ("tools", (".sh", ".cmake")), ("slurm", (".sh", ".sbatch"))):
        for path in (SOURCE / folder).rglob("*"):
            if path.suffix not in suffixes:
                continue
            text = path.read_text(encoding="utf-8")
            text = re.sub(r'"\s*\n\s*"', "", text) if path.suffix != ".sh" else text
            found = literal.finditer(text)
            texts += [text] if path.suffix in (".sh", ".sbatch") else [match[0] for match in found]
    printf = re.compile(r"%[-0-9.]*(?:zu|ll?[du]|l?[dusfgX])|\$\{?\w+\}?(?:\[\*\]\})?|\$\([^)]*\)")
    return "\n".join(printf.sub("\0", text.replace('\\"', '"')) for text in texts)


class PagesTest(unittest.TestCase):
    """The tests run in the order of their names: the first one makes the run that others use."""

    @classmethod
    def setUpClass(cls):
        make_folder()
        cls.blocks, cls.prose = {}, {}
        for name in all_pages():
            cls.blocks[name], cls.prose[name] = pages.split(SOURCE / name)

    def test_1_commands_run(self):
        ran = 0
        for name, blocks in self.blocks.items():
            for block in blocks:
                file = re.match(r"# (\S+\.yaml)\n", block.text)
                if block.language == "yaml" and file:
                    (WORK / file[1]).write_text(block.text)
                if block.language != "sh" or block.reason is not None:
                    continue
                with self.subTest(f"{name}:{block.line}"):
                    start = time.time()
                    code, output = run(block.text)
                    self.assertEqual(code, 0, f"{block.text}\n{output}")
                    count = len(list(pages.commands(block.text)))
                    print(f"ran {count} command(s) in {time.time() - start:.1f} s: {name}:{block.line}", flush=True)
                    ran += count
        self.assertGreaterEqual(ran, 20)
        self.assertTrue((WORK / "runs/first/report.html").is_file())

    def test_2_commands_that_cannot_run_here_can_be_parsed(self):
        check = Commands()
        for name, blocks in self.blocks.items():
            for block in blocks:
                if block.language != "sh":
                    continue
                if block.reason is not None:
                    self.assertTrue(block.reason, f"{name}:{block.line}: not-run without a reason")
                    print(f"parsed only ({block.reason}): {name}:{block.line}", flush=True)
                for words in pages.commands(block.text):
                    with self.subTest(f"{name}:{block.line}: {' '.join(words)}"):
                        self.assertEqual([], list(check.problems(words)))
            for line, words in pages.inline_commands(self.prose[name]):
                with self.subTest(f"{name}:{line}: {' '.join(words)}"):
                    self.assertEqual([], list(check.problems(words)))

    def test_3_the_first_page_is_short(self):
        self.assertLessEqual(len((SOURCE / "README.md").read_text(encoding="utf-8").splitlines()), 150)

    def test_3_commands_stand_in_blocks_that_are_tested(self):
        begins = re.compile(r"\s*(?:dermatome|mpirun|sbatch|tools/\S+|build/\S+/dermatome) \S")
        for name, blocks in self.blocks.items():
            hidden = [block.line for block in blocks
                      if block.language != "sh" and any(map(begins.match, block.text.splitlines()))]
            hidden += [line for line, text in self.prose[name] if text.startswith("    ") and begins.match(text)]
            self.assertEqual([], hidden, f"{name} shows commands outside blocks of ```sh")

    def test_4_troubleshooting_entries_are_printed(self):
        messages = entries()
        self.assertGreaterEqual(len(messages), 25)
        self.assertEqual(len(messages), len(set(messages)))
        texts = printed_texts()
        for message in messages:
            if any(all(piece in message for piece in pieces(words)) for words in PROVOKED):
                continue
            for piece in pieces(message):
                with self.subTest(message):
                    self.assertTrue(is_printed(piece, texts), f"no source prints '{piece}'")

    def test_5_troubleshooting_entries_can_be_brought_about(self):
        shutil.copytree(WORK / "shards/train", WORK / "damaged")
        training_data.damage_images((WORK / "damaged").glob("*.h5"), slice(0, 1))
        for name in ("broken", "copy1", "copy2", "copy3"):
            shutil.copytree(WORK / "runs/first", WORK / "runs" / name)
        for file in (WORK / "runs/broken/checkpoints").glob("*/state.json"):
            file.write_text("{")
        small = f"T='{' '.join(TINY)}'; "
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            done = dict(zip(PROVOKED, pool.map(lambda script: run(small + script), PROVOKED.values())))
        for words, (code, output) in done.items():
            with self.subTest(words):
                message = [each for each in entries() if all(piece in each for piece in pieces(words))]
                self.assertEqual(len(message), 1, "one entry has these words")
                self.assertNotEqual(code, 0)
                wanted = ".*".join(map(re.escape, pieces(message[0])))
                self.assertRegex(output, re.compile(wanted))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
