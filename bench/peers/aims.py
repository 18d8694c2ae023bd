"""What a run measured against the aims of the project's plan for its formats: (figure, best of the peers, mantissa, aim), a row each."""

import statistics

from networks import PLAN

TIMES_PLAIN = {"openvino-cpu": 1.10, "onnxruntime-cpu": 1.3}
MEAN_LOSS = {"openvino-cpu": 0.25, "onnxruntime-cpu": 0.4}
IN_INTEGERS = {"openvino-cpu": "90 in the mean, 80 on each", "onnxruntime-cpu": "50 on each"}
TITLES = {"openvino-cpu": "OpenVINO", "onnxruntime-cpu": "ONNX Runtime"}


def best(numbers, shown="{:.2f}", of=min):
    numbers = list(numbers)
    return shown.format(of(numbers)) if numbers else "-"


def passed(each, names):
    return sum(one["passed"] for one in each if one["network"] in names)


def mean_loss(each):
    """Of the plan's networks; none where a tool failed on one of them."""
    losses = [one["loss"] for one in each if one["network"] in PLAN]
    return None if not losses or None in losses else statistics.mean(losses)


def of_quality(peers, ours, names):
    """`peers` and `ours`: what each tool kept of each network; `ours` by engine."""
    plan, besides = [name for name in names if name in PLAN], [name for name in names if name not in PLAN]
    for chosen, title in ((plan, "networks of the plan within the gate"), (besides, f"besides: {', '.join(besides)}")):
        if chosen:
            yield (title, best((passed(each, chosen) for each in peers.values()), "{}", max),
                   ", ".join(f"{TITLES[engine]} {passed(each, chosen)}" for engine, each in ours.items()), str(len(chosen)))
    losses = [loss for loss in map(mean_loss, peers.values()) if loss is not None]
    for engine, each in ours.items():
        loss = mean_loss(each)
        yield f"mean loss over the plan's, {TITLES[engine]}, %", best(losses), "-" if loss is None else f"{loss:.2f}", f"{MEAN_LOSS[engine]:.2f}"
        shares = [100 * one["share"] for one in each if one["network"] in PLAN and one["share"] is not None]
        if shares:
            yield f"in integers, {TITLES[engine]}, %", "", f"{statistics.mean(shares):.0f} in the mean, {min(shares):.0f} at least", IN_INTEGERS[engine]


def of_speed(engine, times):
    """`times`: by network, milliseconds of fp32, plain and ours."""
    plain = {name: each["ours"] / each["plain"] for name, each in times.items() if {"ours", "plain"} <= each.keys()}
    if plain:
        aim = TIMES_PLAIN[engine]
        met = sum(round(ratio, 2) <= aim for ratio in plain.values())
        yield (f"time against plain all-int8, {TITLES[engine]}", "1", f"{statistics.geometric_mean(plain.values()):.2f} in the mean, at most "
               f"{aim} on {met} of {len(plain)}, {max(plain.values()):.2f} on {max(plain, key=plain.get)}", f"{aim}")
    faster = {name: each["fp32"] / each["ours"] for name, each in times.items() if "ours" in each}
    if faster:
        slowest = sorted(faster, key=faster.get)[:2]
        yield (f"times as fast as fp32, {TITLES[engine]}", best((each["fp32"] / each["plain"] for each in times.values() if "plain" in each),
               "{:.2f} at least"), f"{statistics.geometric_mean(faster.values()):.1f} in the mean, "
               f"{', '.join(f'{faster[name]:.2f} on {name}' for name in slowest)}", "more than 1 on each")


def of_calibration(network, peers, ours):
    """Ratios to one fp32 pass; ours over several sets of tiles."""
    if ours:
        yield f"calibrate and choose ranges, against one fp32 pass, {network}", best(peers), " to ".join(best(ours, of=end) for end in (min, max)), "1.2"


def of_memory(peers, ours):
    """Megabytes, or what stands in the cell, for small crops and for large pictures."""
    for title, aim, theirs, mine in zip(("24 crops of 80x80", "24 pictures of 12 megapixels"), (250, 400), zip(*peers), ours):
        numbers = [each for each in theirs if not isinstance(each, str)]
        yield f"peak memory, {title}, MB", best(numbers, "{:.0f}") if numbers else min(theirs), mine if isinstance(mine, str) else f"{mine:.0f}", f"{aim}"


def of_weights(peers, ours):
    """GB/s of the peers; of each of our forms, the share of what the disk can do and the megabytes."""
    if ours:
        yield "weight-only, GB of fp32 a second", best(peers, "{:.2f}", max), best((each["rate"] for each in ours), of=max), ""
        yield ("weight-only, of what the disk can do", "", " to ".join(best((each["of_disk"] for each in ours), of=end) for end in (min, max)), "0.9")
        yield "weight-only, peak memory, MB", "", best((each["megabytes"] for each in ours), "{:.0f}", max), "256"
