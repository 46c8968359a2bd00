"""`tools/bench.sh loader`: batches from shards beside the published pipeline on image files, and
beside webdataset and mosaicml-streaming."""

import statistics
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness import Spread, Worker, cores_apart, on_core, spread, take_turns
from loader_data import (HEIGHT, WIDTH, make_archives, make_images, make_shards,
                         make_tiny_records, shrink)

RECIPE = Path(__file__).resolve().parents[2] / "configs/make_vit_b16.yaml"
# Records per archive file, so that there are a few files.
RECORDS_PER_FILE = 128
# `dermatome shard` plans 250 kB per raw record of this short side, so the smallest shard holds four records.
SMALL_SHARDS = 250, "--raw", "--shard-size-mb", "1"
RECORDS_PER_SMALL_SHARD = 4
EPOCHS = 9  # epochs of one loader: one with the readers' start, and two halves of the rest


class Sides:
    """Starts the processes that are measured."""

    def __init__(self, arguments, folder, image_size=224):
        self.arguments, self.folder = arguments, folder
        self.common = ["--batch", arguments.loader_batch, "--image-size", image_size]
        # With one thread all processes run on the same core: the last, as the first has most interrupts.
        self.core = cores_apart()[-1] if arguments.threads[0] == 1 else None

    def ours(self, *how, threads=None, options=()):
        """Our loader on shards made with `how`: their short side, and options of `dermatome shard`."""
        return self.worker(threads, self.arguments.worker, "loader", "--config", RECIPE, "--data",
                           make_shards(self.arguments.dermatome, self.folder, *how), *options)

    def files(self, images, threads=None):
        return self.naive("files", images, threads)

    def archives(self, kind, images, threads=None, records=RECORDS_PER_FILE):
        return self.naive(kind, make_archives(kind, self.folder, images, records), threads)

    def naive(self, kind, data, threads):
        return self.worker(threads, sys.executable, Path(__file__).with_name("naive_loader.py"),
                           "--kind", kind, "--table", self.folder / "table.csv", "--data", data)

    def worker(self, threads, *command):
        """Starts a process with `threads` threads, placed by the system; without a number, with the
        threads of `--threads`."""
        command = [*command, *self.common, "--threads", threads or self.arguments.threads[0]]
        return Worker(command if threads or self.core is None else on_core(self.core, *command))


def rate(answers, cost="cpu"):
    return Spread([answer["images"] / answer[cost] for answer in answers])


def flat_in_epochs(answers):
    """One loader's speed in the later half of its epochs, divided by its speed in the earlier half. The
    first epoch is left out, because it contains the readers' start."""
    ratios = []
    for answer in answers:
        seconds = answer["cpu"][1:]
        half = len(seconds) // 2
        ratios.append(statistics.median(seconds[:half]) / statistics.median(seconds[-half:]))
    return Spread(ratios)


@contextmanager
def running(workers):
    with ExitStack() as stack:
        for worker in workers.values():
            stack.enter_context(worker)
        yield


def compare(arguments, report, sides, side):
    """Measures images per CPU second of all sides in turn."""
    files = shrink(sides.folder, side)
    workers = {"jpeg": sides.ours(side), "raw": sides.ours(side, "--raw"),
               "originals": sides.files(sides.folder / "originals"), "files": sides.files(files)}
    workers |= {kind: sides.archives(kind, files) for kind in arguments.against}
    commands = {}
    for name, worker in workers.items():
        commands[name] = worker, "epoch"
        if name in ("jpeg", "raw"):  # right after its epoch, when the machine is in the same state
            commands |= {f"{name}_{part}": (worker, part) for part in ("alone", "checksums")}
    commands["epochs"] = workers["jpeg"], f"epochs {EPOCHS}"
    with running(workers):
        take_turns(1, *((worker, "epoch") for worker in workers.values()))
        turns = dict(zip(commands, take_turns(arguments.rounds, *commands.values())))
    flat = flat_in_epochs(turns.pop("epochs"))
    rates = {name: rate(answers) for name, answers in turns.items()}
    first = spread(turns["jpeg"], "first_batch")
    over = {name: rates[f"{name}_alone"].median / rates[name].median - 1
            for name in ("jpeg", "raw")}
    checksum = {name: rates[name].median / rates[f"{name}_checksums"].median
                for name in ("jpeg", "raw")}
    report.row(
        f"short side {side}: images per CPU s: JPEG shards {rates['jpeg']:.0f}, raw shards "
        f"{rates['raw']:.0f}; DataLoader on the originals {rates['originals']:.0f}, on JPEG files "
        f"of that size {rates['files']:.0f}" + "".join(
            f", {kind} of those files {rates[kind]:.0f}" for kind in arguments.against) +
        f"; alone, decode and augment: JPEG {rates['jpeg_alone']:.0f}, raw "
        f"{rates['raw_alone']:.0f}; the loader adds {100 * over['jpeg']:.0f} %, "
        f"{100 * over['raw']:.0f} %; checksums take {100 * checksum['jpeg']:.1f} % of the time, "
        f"{100 * checksum['raw']:.1f} %; first batch after {first:.3f} s; "
        f"a loader's later epochs x {flat:.3f} as fast as its earlier ones",
        side=side, **rates, over_alone=over, checksum_share=checksum, first_batch=first,
        flat_epochs=flat)
    return {name: rate.median for name, rate in rates.items()} | {
        "flat_epochs": flat.median, "jpeg_over_alone": over["jpeg"], "raw_over_alone": over["raw"]}


def measure_threads(arguments, report, sides, side):
    """Measures images per second of wall time, with more and more reader threads or processes."""
    files = shrink(sides.folder, side)
    for threads in arguments.threads:
        workers = {"jpeg": sides.ours(side, threads=threads),
                   "raw": sides.ours(side, "--raw", threads=threads),
                   "files": sides.files(files, threads)}
        workers |= {kind: sides.archives(kind, files, threads) for kind in arguments.against}
        commands = [(worker, "epoch") for worker in workers.values()]
        with running(workers):
            take_turns(1, *commands)
            turns = take_turns(arguments.rounds, *commands)
        walls = {name: rate(answers, "wall") for name, answers in zip(workers, turns)}
        cpus = {name: rate(answers) for name, answers in zip(workers, turns)}
        report.row(f"{threads} thread(s), short side {side}: images per second of wall time (per CPU "
                   "second): " + ", ".join(f"{name} {walls[name]:.0f} ({cpus[name].median:.0f})"
                                           for name in workers),
                   threads=threads, side=side, wall={n: r.fields() for n, r in walls.items()},
                   cpu={n: r.fields() for n, r in cpus.items()})
        report.result[f"jpeg_per_s_{threads}"] = walls["jpeg"].median


def measure_records(arguments, report, folder):
    """Measures the cost of more records, with tiny images, so that order and index take most of the time."""
    workers = {}
    for number in arguments.records:
        make_tiny_records(folder / f"records_{number}", number)
        sides = Sides(arguments, folder / f"records_{number}", image_size=16)
        workers[number] = sides.ours(384)
    steps = max(1, 16384 // arguments.loader_batch)
    commands = [(worker, f"batches {steps}") for worker in workers.values()]
    with running(workers):
        take_turns(1, *commands)
        turns = take_turns(arguments.rounds, *commands)
        starts = take_turns(arguments.rounds, *((worker, "start") for worker in workers.values()))
        peaks = take_turns(1, *((worker, "memory") for worker in workers.values()))
    rates = {}
    for number, batches, start, peak in zip(workers, turns, starts, peaks):
        rates[number] = rate(batches)
        first = spread(start, "wall")
        report.row(f"{number} records of 16 x 16 pixels in {start[0]['shards']} shard(s): images per "
                   f"CPU s {rates[number]:.0f}, first batch {first:.3f} s after the start, resident "
                   f"at most {peak[0]['peak']:.0f} MiB",
                   records=number, shards=start[0]["shards"], rate=rates[number], start=first,
                   peak=peak[0]["peak"])
    most, fewest = max(rates), min(rates)
    report.result["flat_records"] = rates[most].median / rates[fewest].median
    peak_of = dict(zip(workers, (peak[0]["peak"] for peak in peaks)))
    report.result["bytes_per_record"] = (2**20 * (peak_of[most] - peak_of[fewest]) / (most - fewest)
                                       if most > fewest else 0)


def measure_shards(arguments, report, folder):
    """Measures the time from nothing open to the first batch, with `--shards` shards."""
    records = arguments.shards * RECORDS_PER_SMALL_SHARD
    make_tiny_records(folder / "small_shards", records)
    sides = Sides(arguments, folder / "small_shards")
    images = sides.folder / "originals"
    workers = {"ours": sides.ours(*SMALL_SHARDS)}
    workers |= {kind: sides.archives(kind, images, records=RECORDS_PER_SMALL_SHARD)
                for kind in arguments.against}
    with running(workers):
        turns = take_turns(arguments.rounds, *((worker, "start") for worker in workers.values()))
    for name, answers in zip(workers, turns):
        wall, cpu = spread(answers, "wall"), spread(answers, "cpu")
        shards = answers[0].get("shards", f"about {arguments.shards}")
        report.row(f"start to first batch, {name}, {shards} shards: {wall:.3f} s, CPU {cpu:.3f} s",
                   side=name, shards=shards, start=wall, cpu=cpu)
        report.result["start_s" if name == "ours" else f"start_{name}_s"] = wall.median


def measure_prefetch(arguments, report, sides, side):
    """Measures resident memory while the readers are as far ahead as they may be."""
    batch = arguments.loader_batch * 3 * 224**2 / 2**20
    peaks = {}
    for prefetch in arguments.prefetch:
        with sides.ours(side, options=["--prefetch", prefetch]) as worker:
            peaks[prefetch] = worker.ask("memory")["peak"]
        report.row(f"prefetch {prefetch}: resident at most {peaks[prefetch]:.0f} MiB",
                   prefetch=prefetch, peak=peaks[prefetch])
    extra = (peaks[max(peaks)] - peaks[min(peaks)]) / (max(peaks) - min(peaks))
    report.row(f"one more batch ahead: {extra:.1f} MiB; its images are {batch:.1f} MiB",
               another_batch=extra, batch=batch)
    report.result["mib_per_batch_ahead"] = extra


def bench_loader(arguments, report, folder):
    make_images(folder, arguments.images)
    sides = Sides(arguments, folder)
    report.condition(images=arguments.images, originals=f"{WIDTH}x{HEIGHT} JPEG",
                     threads=arguments.threads[0], core=sides.core, batch=arguments.loader_batch,
                     recipe="MAKE's: crop 0.4-1 bicubic, jitter, gray")
    first = arguments.sides[0]
    rates = {side: compare(arguments, report, sides, side) for side in arguments.sides}[first]
    report.result |= {"jpeg_ratio": rates["jpeg"] / rates["originals"],
                      "raw_ratio": rates["raw"] / rates["originals"],
                      "jpeg_vs_same_files": rates["jpeg"] / rates["files"],
                      "jpeg_per_cpu_s": rates["jpeg"],
                      **{key: rates[key] for key in ("flat_epochs", "jpeg_over_alone",
                                                     "raw_over_alone")}}
    report.result |= {f"jpeg_vs_{kind}": rates["jpeg"] / rates[kind] for kind in arguments.against}
    if len(arguments.threads) > 1:
        measure_threads(arguments, report, sides, first)
    if arguments.prefetch:
        measure_prefetch(arguments, report, sides, first)
    if arguments.records:
        measure_records(arguments, report, folder)
    if arguments.shards:
        measure_shards(arguments, report, folder)
