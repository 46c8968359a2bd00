#!/usr/bin/env python3
"""Measures Dermatome beside the naive published step; started by tools/bench.sh.

Both sides are processes that wait for commands and take turns, one step each, so that both meet the
same state of the machine. A figure is the median of its rounds, with the smallest and the largest
round. CPU seconds are those of all threads of a process. Before anything is measured, both sides must
give the same loss and gradients, and the naive side the values of tests/golden.
"""

import argparse
import contextlib
import json
import math
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import batches as data
import encode
from harness import AtOnce, Report, Spread, Worker, cores_apart, on_core, spread, take_turns
from loader import bench_loader
from order import bench_order
from safetensors.torch import load_file

ROOT = Path(__file__).resolve().parents[2]
TOLERANCE = 1e-4  # relative L2 of a tensor's gradient, float32 on both sides
RATE = 1e-6       # learning rate, so small that rounds differ only in time
PUBLISHED = ["mode=released"]  # the published semantics, which both sides can compute
PROFILES = ["speedup", "speedup_4", "speedup_8", "plain_clip"]
PLAIN = ["mkcl=false", "local_alignment=false"]


def compare_gradients(ours, naive, folder):
    """The largest relative L2 difference of a tensor; ends the program if it is too large."""
    files = [folder / "ours.safetensors", folder / "naive.safetensors"]
    for worker, file in zip((ours, naive), files):
        worker.ask(f"gradients {file}")
    found, expected = map(load_file, files)
    if found.keys() != expected.keys():
        sys.exit(f"bench.py: gradients of {found.keys() ^ expected.keys()} on one side only")
    for file in files:
        file.unlink()
    differences = {}
    for name, tensor in expected.items():
        distance = (found[name].double() - tensor.double()).norm().item()
        differences[name] = distance / max(tensor.double().norm().item(), 1e-30)
        if not differences[name] <= TOLERANCE:
            sys.exit(f"bench.py: gradients differ by {differences[name]:.2e} in {name}; nothing is "
                     "measured")
    return max(differences.values())


def make_model(arguments, folder):
    model = folder / "model"
    model.mkdir()
    subprocess.run([arguments.worker, "weights", arguments.model, model], check=True)
    config = json.loads((model / "open_clip_config.json").read_text())["model_cfg"]
    return model, config["vision_cfg"]["image_size"]


def tell_captions(report, name, samples):
    found = data.token_statistics(samples)
    print(f"captions of {name}: {found}", flush=True)
    report.condition(**{f"captions_{name}": found})


def step_profiles(arguments, report):
    """The captions of each profile; prints statistics of them."""
    table = data.read_captions(arguments.csv or data.CAPTIONS, arguments.batch)
    if arguments.csv:
        tell_captions(report, data.CAPTIONS.name, data.read_captions(data.CAPTIONS, arguments.batch))
    profiles = {"speedup": table, "plain_clip": [
        sample[:1] + [None] * (data.NUM_CAPTIONS - 1) for sample in table]}
    for count in (4, 8):
        lengths = [25] * (len(data.KNOWLEDGE) + count) + [None] * (8 - count)
        profiles[f"speedup_{count}"] = data.random_captions([lengths] * len(table), seed=count)
    for key in arguments.profiles:
        tell_captions(report, key, profiles[key])
    return profiles


def measure_step(arguments, model, batches, key, report):
    """Our answers to `step` and to `parts`; also writes the profile's row of the table."""
    plain = key == "plain_clip"
    common = ["--model", model, "--batches", batches, "--lr", RATE]
    with Worker([arguments.worker, "step", *common, *(PLAIN if plain else PUBLISHED)]) as ours, (
            Worker([*arguments.naive, "step", *common, *["--plain"] * plain])) as naive:
        difference = compare_gradients(ours, naive, batches)
        mine, theirs, parts = take_turns(arguments.rounds, (ours, "step"), (naive, "step"),
                                         (ours, "parts"))
    cpu, wall, bare, peak = ([spread(side, name) for side in (mine, theirs)]
                             for name in ("cpu", "wall", "without_optimizer", "peak"))
    ratio, bare_ratio = (side[1].median / side[0].median for side in (cpu, bare))
    by_round = cpu[1].ratios_to(cpu[0])
    report.result[key] = ratio
    report.row(f"{key:<10} x {ratio:.2f}, round by round {by_round:.2f}, without optimizer x "
               f"{bare_ratio:.2f}; ours, naive: CPU s per step {cpu[0]:.3f}, {cpu[1]:.3f}; wall s "
               f"{wall[0]:.3f}, {wall[1]:.3f}; images per CPU s "
               f"{arguments.batch / cpu[0].median:.3f}, {arguments.batch / cpu[1].median:.3f}; peak "
               f"MiB {peak[0]:.0f}, {peak[1]:.0f}; gradients differ by {difference:.1e}",
               profile=key, ratio=ratio, by_round=by_round, without_optimizer=bare_ratio,
               difference=difference, ours_cpu=cpu[0], naive_cpu=cpu[1], ours_wall=wall[0],
               naive_wall=wall[1], ours_peak_mib=peak[0], naive_peak_mib=peak[1])
    report.row("           ours by parts, each by itself, CPU s: " + ", ".join(
        f"{name} {spread(parts, name):.3f}" for name in parts[0]),
        profile=key, **{name: spread(parts, name) for name in parts[0]})
    return mine, parts


def bench_step(arguments, report, folder):
    model, image_size = make_model(arguments, folder)
    batches = folder / "batches"
    batches.mkdir()
    report.condition(model=arguments.model.name, batch=arguments.batch, mode=PUBLISHED[0],
                     gradient_tolerance=TOLERANCE)
    profiles = step_profiles(arguments, report)
    for key in arguments.profiles:
        data.make_batch(profiles[key], batches / "0.safetensors", image_size,
                        published=key != "plain_clip")
        steps, parts = measure_step(arguments, model, batches, key, report)
        if key == "speedup":
            over = Spread([step["without_optimizer"] / part["image_tower"]
                           for step, part in zip(steps, parts)])
            report.result["over_image_tower"] = over.median
            report.row(f"           step without optimizer over image tower {over:.3f}",
                       over_image_tower=over)


def naive_gib(num_samples, with_patches):
    """About the memory that the naive side needs: five times the logits of all captions with all texts,
    and six times the similarities of all patches with all texts."""
    texts = num_samples * data.NUM_CAPTIONS
    return 4 * texts * (5 * texts + 6 * 196 * num_samples * with_patches) / 2**30


def growth(memory):
    """The exponent of B in `memory` {B: MiB}: the slope of a least-squares line through the logarithms."""
    sizes = [size for size in memory if size >= 512] or list(memory)
    return statistics.linear_regression([math.log(size) for size in sizes],
                                        [math.log(max(memory[size], 1)) for size in sizes]).slope


def measure_objective(arguments, size, file, bound):
    """The table's row of one batch size, for our side and, if `bound` GiB suffice, for the naive side."""
    patches = size <= arguments.patches_up_to
    data.make_embeddings(size, patches, not arguments.missing, file)
    commands = [[arguments.worker, "objective", "--input", file, *PUBLISHED]]
    if naive_gib(size, patches) <= bound:
        commands.append([*arguments.naive, "objective", "--input", file])
    row = {"batch": size, "patches": patches}
    extra = [[] for _ in commands]
    for _ in range(arguments.rounds):  # a process keeps memory after its first evaluation
        for command, found in zip(commands, extra):
            with Worker(command) as worker:
                found.append(worker.ask("memory")["extra"])
    with contextlib.ExitStack() as stack:
        sides = [stack.enter_context(Worker(command)) for command in commands]
        if len(sides) == 2:
            row["difference"] = compare_gradients(*sides, file.parent)
        turns = take_turns(arguments.rounds, *((worker, "step") for worker in sides))
    for side, mib, turn in zip(("ours", "naive"), extra, turns):
        row |= {f"{side}_extra_mib": Spread(mib), f"{side}_cpu": spread(turn, "cpu"),
                f"{side}_wall": spread(turn, "wall")}
    if len(sides) == 2:
        row |= {"speedup": row["naive_cpu"].median / row["ours_cpu"].median,
                "by_round": row["naive_cpu"].ratios_to(row["ours_cpu"]),
                "memory_ratio": row["naive_extra_mib"].median / max(row["ours_extra_mib"].median, 1)}
    return row


def bench_objective(arguments, report, folder):
    available = re.search(r"MemAvailable:\s*(\d+)", Path("/proc/meminfo").read_text())
    bound = min(arguments.naive_gib, 0.75 * int(available[1]) / 2**20)
    report.condition(naive_bound_gib=bound, width=512, captions=data.NUM_CAPTIONS,
                     valid="36 %" if arguments.missing else "all",
                     mode=PUBLISHED[0], gradient_tolerance=TOLERANCE,
                     local_attention_up_to=arguments.patches_up_to)
    memory = {}
    for size in arguments.sizes:
        row = measure_objective(arguments, size, folder / "embeddings.safetensors", bound)
        memory[size] = row["ours_extra_mib"].median
        text = (f"B {size:>5}{' with patches' if row['patches'] else '':13} ours: CPU s "
                f"{row['ours_cpu']:.3f}, extra MiB {row['ours_extra_mib']:.0f}")
        if "speedup" in row:
            text += (f"; naive: CPU s {row['naive_cpu']:.3f}, extra MiB "
                     f"{row['naive_extra_mib']:.0f}; x {row['speedup']:.2f}, round by round "
                     f"{row['by_round']:.2f}, memory x {row['memory_ratio']:.1f}; gradients differ "
                     f"by {row['difference']:.1e}")
            report.result |= {f"{key}_b{size}": row[key] for key in ("speedup", "memory_ratio")}
        else:
            text += (f"; naive left out, about {naive_gib(size, row['patches']):.1f} GiB of "
                     f"{bound:.1f}")
        report.row(text, **row)
    if len(memory) > 1:
        report.result["memory_exponent"] = growth(memory)


def rank_worker(arguments, cores, model, batches):
    """Starts one rank per core of `cores`, with all its threads on the core."""
    step = arguments.worker, "step", "--model", model, "--batches", batches, "--lr", RATE
    ranks = [part for core in cores for part in (":", "-n", 1, *on_core(core, *step))]
    return Worker([*shlex.split(arguments.mpirun), *ranks[1:]])


def make_rank_batches(arguments, report, folder):
    """Makes a different batch for each of two ranks, with captions of the table's lengths."""
    model, image_size = make_model(arguments, folder)
    lengths = data.lengths_of(data.read_captions(data.CAPTIONS, 10))
    lengths = [lengths[number % len(lengths)] for number in range(arguments.local_batch)]
    batches = folder / "batches"
    batches.mkdir()
    for rank in range(2):
        captions = data.random_captions(lengths, seed=rank)
        tell_captions(report, f"rank_{rank}", captions)
        data.make_batch(captions, batches / f"{rank}.safetensors", image_size, published=False,
                        seed=rank)
    cores = (cores_apart() * 2)[:2]  # the same core twice, if there is only one
    report.condition(model=arguments.model.name, local_batch=arguments.local_batch, mode="paper",
                     launcher=arguments.mpirun, cores_of_ranks=cores)
    return cores, model, batches


def bench_scaling(arguments, report, folder):
    cores, model, batches = make_rank_batches(arguments, report, folder)
    with contextlib.ExitStack() as stack:
        one, other, two = [stack.enter_context(rank_worker(arguments, used, model, batches))
                           for used in (cores[:1], cores[1:], cores)]
        commands = [(worker, "step") for worker in (one, other, AtOnce(one, other), two)]
        take_turns(1, *commands)
        turns = take_turns(arguments.rounds, *commands)
    names = ("1 rank, first core", "1 rank, second core", "2 ranks apart", "2 ranks")
    for name, turn in zip(names, turns):
        report.row(f"{name}: wall s per step {spread(turn, 'wall'):.3f}, CPU s of rank 0 "
                   f"{spread(turn, 'cpu'):.3f}", ranks=name, wall=spread(turn, "wall"),
                   cpu=spread(turn, "cpu"))
    *alone, apart, pair = (spread(turn, "wall") for turn in turns)
    # The harmonic mean of the times is the mean of the cores' speeds, which two ranks could reach together.
    alone = Spread([statistics.harmonic_mean(walls)
                    for walls in zip(*(each.values for each in alone))])
    ratios = {"efficiency": (alone, pair), "machine": (alone, apart), "exchange": (apart, pair)}
    for key, (before, after) in ratios.items():
        report.result[key] = before.median / after.median
        by_round = before.ratios_to(after)
        report.row(f"{key}: {report.result[key]:.3f}, round by round {by_round:.3f}",
                   **{f"{key}_by_round": by_round})


def bench_collectives(arguments, report, folder):
    cores, model, batches = make_rank_batches(arguments, report, folder)
    with rank_worker(arguments, cores, model, batches) as worker:
        take_turns(1, (worker, "step"))
        steps = take_turns(arguments.rounds, (worker, "step"))[0]
        tables = take_turns(arguments.rounds, (worker, "collectives"))[0]

    def sums(table):
        groups = {}
        for entry in table:
            name = re.sub(r" \d.*", "s", entry["what"])
            group = groups.setdefault(name, {"count": 0, "bytes": 0, "alone": 0, "exposed": 0})
            for key in group:
                group[key] += 1 if key == "count" else entry[key]
        groups["all"] = {key: sum(group[key] for group in groups.values()) for key in group}
        return {name: {**group, "hidden": max(0.0, 1 - group["exposed"] / group["alone"])}
                for name, group in groups.items()}

    rounds = [sums(table) for table in tables]
    for name in rounds[0]:
        groups = [groups[name] for groups in rounds]
        count, size = groups[0]["count"], groups[0]["bytes"]
        alone, exposed, hidden = (spread(groups, key) for key in ("alone", "exposed", "hidden"))
        report.row(f"{name}: {count} per step, {size / 2**20:.2f} MiB per rank, alone s "
                   f"{alone:.4f}, exposed s (waiting for the slower rank included) {exposed:.4f}, "
                   f"hidden {hidden:.2f}", what=name, count=count, bytes=size, alone=alone,
                   exposed=exposed, hidden=hidden)
    report.row(f"step: wall s {spread(steps, 'wall'):.3f}", wall=spread(steps, "wall"))
    # The last row sums up all collectives.
    report.result |= {"count": count, "bytes": size, "seconds": alone.median,
                      "hidden": hidden.median}


def bench_encode(arguments, report, folder):
    encode.measure_encode(arguments, report, folder, *make_model(arguments, folder))


BENCHES = {"step": bench_step, "objective": bench_objective, "scaling": bench_scaling,
           "collectives": bench_collectives, "loader": bench_loader, "encode": bench_encode,
           "order": bench_order}


def numbers(text):
    return [int(number) for number in text.split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, prog="tools/bench.sh",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", choices=BENCHES)
    parser.add_argument("--json", type=Path, help="file to write conditions, table and result to, too")
    parser.add_argument("--rounds", type=int, default=5, help="measured turns of each side")
    parser.add_argument("--model", type=Path, help="step, scaling, collectives, encode: configuration",
                        default=ROOT / "configs/models/ViT-B-16-quickgelu.json")
    parser.add_argument("--batch", type=int, default=10, help="step: rows of the table; encode: images")
    parser.add_argument("--csv", type=Path, help="step: a table of your own for `speedup`")
    parser.add_argument("--profiles", type=lambda text: text.split(","), default=PROFILES,
                        help="step: profiles to measure, of " + ",".join(PROFILES))
    parser.add_argument("--sizes", type=numbers, default=[64, 128, 256, 512, 1024, 2048, 4096],
                        help="objective: batch sizes")
    parser.add_argument("--patches-up-to", type=int, default=256,
                        help="objective: largest batch with local attention from patches")
    parser.add_argument("--missing", action="store_true",
                        help="objective: 64 %% of the captions are missing, as in MAKE's table")
    parser.add_argument("--naive-gib", type=float, default=12,
                        help="objective: memory in GiB that the naive side may need")
    parser.add_argument("--local-batch", type=int, default=16,
                        help="scaling, collectives: images per rank")
    parser.add_argument("--images", type=int, default=512, help="loader: number of images")
    parser.add_argument("--loader-batch", type=int, default=64, help="loader: batch size")
    parser.add_argument("--sides", type=numbers, default=[256, 384],
                        help="loader: short sides; the result is that of the first")
    parser.add_argument("--threads", type=numbers, default=[1],
                        help="loader: reader threads; several numbers also measure the curve over them")
    parser.add_argument("--against", type=lambda text: text.split(","), default=[],
                        help="loader: further opponents, of webdataset,streaming")
    parser.add_argument("--prefetch", type=numbers, default=[],
                        help="loader: measure memory with these numbers of batches ahead, at least two")
    parser.add_argument("--records", type=numbers, default=[],
                        help="loader: measure speed and start with these numbers of tiny records, e.g. "
                             "1000,1000000")
    parser.add_argument("--shards", type=int, default=0,
                        help="loader: measure the start with this number of tiny shards, e.g. 1000")
    parser.add_argument("--full", action="store_true",
                        help="loader: --against webdataset,streaming --threads 1,2 --records "
                             "1000,1000000 --shards 1000 --prefetch 2,16")
    parser.add_argument("--classes", type=int, default=128,
                        help="encode: classes, each with six prompts")
    parser.add_argument("--text-batch", type=int, default=64, help="encode: prompts per call")
    parser.add_argument("--samples", type=lambda text: [int(number) for number in text.split(",")],
                        default=[10**4, 10**5, 10**6, 10**7], help="order: numbers of samples")
    parser.add_argument("--block", type=int, default=64, help="order: data.shuffle_block")
    parser.add_argument("--windows", type=lambda text: [int(number) for number in text.split(",")],
                        default=[64], help="order: data.shuffle_window; the result is that of the first")
    parser.add_argument("--order-batch", type=int, default=2048, help="order: batch size")
    parser.add_argument("--dermatome", type=Path, help="loader: the program that makes shards",
                        default=ROOT / "build/release/dermatome")
    parser.add_argument("--worker", type=Path, required=True, help="the program dermatome_bench")
    parser.add_argument("--mpirun", default="mpirun", help="command that starts ranks")
    arguments = parser.parse_args()
    if arguments.full:
        arguments.against, arguments.threads = ["webdataset", "streaming"], [1, 2]
        arguments.records, arguments.shards = [1000, 1000000], 1000
        arguments.prefetch = [2, 16]
    if arguments.rounds < 5:
        print(f"{arguments.rounds} rounds are too few to quote the figures: take 5 or more")
    if unknown := set(arguments.against) - {"webdataset", "streaming"}:
        parser.error(f"--against: {', '.join(sorted(unknown))} is not one of webdataset, streaming")
    if arguments.prefetch and len(set(arguments.prefetch)) < 2:
        parser.error("--prefetch compares: name at least two numbers")
    arguments.naive = [sys.executable, Path(__file__).with_name("naive.py")]
    report = Report(arguments)
    with tempfile.TemporaryDirectory() as folder:
        BENCHES[arguments.bench](arguments, report, Path(folder))
    report.finish()


if __name__ == "__main__":
    main()
