"""`tools/bench.sh order`: the training order beside a full permutation."""

import json
import subprocess


def bench_order(arguments, report, _folder):
    report.condition(block=arguments.block, batch=arguments.order_batch,
                     distances="in thirds of the data: 1 is a random permutation's mean")
    for samples in arguments.samples:
        for window in arguments.windows:
            found = json.loads(subprocess.run(
                [arguments.worker, "order", "--samples", str(samples), "--block",
                 str(arguments.block), "--window", str(window), "--batch",
                 str(min(arguments.order_batch, samples // 2))],
                check=True, text=True, capture_output=True).stdout.splitlines()[-1])
            ours, full = found["ours"], found["full"]
            report.row(
                f"{samples} samples, window of {window} blocks, ours (full permutation): displacement "
                f"{ours['displacement']:.3f} ({full['displacement']:.3f}), neighbors' distance "
                f"{ours['neighbors']:.3f} ({full['neighbors']:.3f}), correlation of neighbors "
                f"{ours['correlation']:.4f} ({full['correlation']:.4f}), of successive distances "
                f"{ours['distance_correlation']:.3f} ({full['distance_correlation']:.3f}), others of "
                f"the batch within a block's length {ours['near_partners']:.3f} "
                f"({full['near_partners']:.3f}); {found['ns_per_sample']:.0f} ns per sample",
                samples=samples, window=window, **found)
            if window == arguments.windows[0]:  # the last data set, the largest, gives the result
                report.result |= {"displacement": ours["displacement"],
                                  "neighbors": ours["neighbors"],
                                  "near_partners": ours["near_partners"],
                                  "near_partners_full": full["near_partners"]}
