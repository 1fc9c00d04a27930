"""The benchmark's results for a person: tables, ratios against an earlier result, a plot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any


def text(result: Mapping[str, Any]) -> str:
    """Everything in a result that this version knows how to say."""
    known: dict[str, Callable[[Any], Iterator[str]]] = {
        "speed": _speed,
        "baseline": _baseline,
        "latency": _latency,
        "sustain": _sustain,
        "daemon": _daemon,
        "page": _page,
        "scaling": _scaling,
        "soak": _soak,
        "compared": _compared,
    }
    parts = ["\n".join(known[name](result[name])) for name in known if name in result]
    return "\n\n".join(parts) + "\n"


def _speed(speed: Mapping[str, Any]) -> Iterator[str]:
    machine = speed["machine"]
    yield f"{machine['processor']}, {machine['cores']} cores, {machine['system']}; {speed['threads']} thread(s)"
    yield (
        f"{speed['source']}: {speed['frames']} frames of {speed['width']} x {speed['height']}, "
        f"a face in {speed['faces']:.1%}"
    )
    yield f"{'stage':<12}{'share':>7}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'CPU ms a frame':>16}"
    for name, stage in speed["stages"].items():
        yield (
            f"{name:<12}{stage['share']:>7.0%}{stage['p50_ms']:>9.3f}{stage['p95_ms']:>9.3f}"
            f"{stage['p99_ms']:>9.3f}{stage['cpu_ms_per_frame']:>16.3f}"
        )
    yield f"{'model':<12}{'kB':>7}{'M MACs':>9}{'ms':>9}{'GMAC/s':>9}   of {speed['limit_gmac_per_s']:.0f} GMAC/s"
    for model in speed["models"]:
        macs = "?" if model["macs"] is None else f"{model['macs'] / 1e6:.1f}"
        reached = "?" if model["of_limit"] is None else f"{model['gmac_per_s']:9.1f}{model['of_limit']:>7.0%}"
        yield f"{model['name']:<12}{model['bytes'] / 1000:>7.0f}{macs:>9}{model['median_ms']:>9.3f}{reached:>16}"
    yield (
        f"{speed['fps']:.0f} frames/s, {speed['cpu_ms_per_frame']:.2f} ms CPU a frame, {speed['memory_mb']:.0f} MB; "
        f"this machine keeps up with {speed['sustains_fps']:.0f} frames/s"
    )


def _baseline(both: Mapping[str, Any]) -> Iterator[str]:
    yield f"Side by side, {both['frames']} frames:"
    for name, about in (("usual", "Haar in every frame"), ("ours", "fer-edge, everything on")):
        side = both[name]
        yield f"  {about:<26}{side['cpu_ms_per_frame']:>8.2f} ms CPU a frame, a face in {side['faces']:.1%}"
    yield f"  {both['ratio']:.1f} times less"


def _latency(late: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"Frame to subscriber through {late['broker']}, {late['events']} events at {late['fps']:.0f} frames/s: "
        f"p50 {late['p50_ms']:.1f}, p95 {late['p95_ms']:.1f}, p99 {late['p99_ms']:.1f} ms"
    )


def _sustain(pace: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"At {pace['fps']:.0f} frames/s: {pace['missed']} of {pace['frames']} missed, "
        f"{pace['cpu_percent']:.1f} % of one core, p99 {pace['p99_ms']:.1f} ms"
    )


def _daemon(daemon: Mapping[str, Any]) -> Iterator[str]:
    seen = daemon["first_state_with_face_s"]
    first = "never" if seen is None else f"after {seen:.2f} s"
    yield (
        f"The daemon at {daemon['fps']:.0f} frames/s: {daemon['cpu_percent']:.1f} % of one core, "
        f"{daemon['memory_mb']:.0f} MB, a face in a state {first}"
    )
    if daemon.get("first_event_s") is not None:
        yield f"  the first event ({daemon['first_event']}) {daemon['first_event_s']:.2f} s after the start"


def _page(page: Mapping[str, Any]) -> Iterator[str]:
    yield f"The live page, {page['page_bytes'] / 1000:.0f} kB, of a daemon at {page['fps']:.0f} frames/s:"
    yield "  viewers   % of a core   more   latency p95, ms   frames/s   pictures/s     kB   updates missed"
    for row in page["viewers"]:
        yield (
            f"  {row['viewers']:>7}{row['cpu_percent']:>14.1f}{row.get('more_cpu_percent', 0):>7.1f}"
            f"{row['latency_ms_p95']:>18.1f}{row['frames_per_s']:>11.1f}{row['pictures_per_s']:>13.1f}"
            f"{row['picture_kb']:>7.1f}{row['missed_updates']:>17}"
        )
    if paint := page["first_paint"]:
        yield (
            f"  first paint in Chromium {paint['median_ms']:.0f} ms (median of {paint['loads']} loads, at most "
            f"{paint['max_ms']:.0f}), {paint['bytes'] / 1000:.0f} kB transferred"
        )
    else:
        yield "  first paint not measured: no chromium here; sudo apt install chromium"
    if told := page.get("lasting"):
        yield f"  {lasting(told)}"


def lasting(told: Mapping[str, Any]) -> str:
    """What a client and a browser heard in so long, in one line."""
    client, browser = told["client"], told["browser"]
    inside = f"; a browser {browser['heard']}, {browser['missed']} missed" if browser else ""
    return (
        f"in {told['minutes']:.1f} min a client heard {client['heard']} updates, {client['missed']} missed, "
        f"{client['lost_connections']} connections lost{inside}; the daemon took {told['cpu_percent']:.1f} % of a core"
    )


def _scaling(scaling: Mapping[str, Any]) -> Iterator[str]:
    yield "Cost as it grows (ms CPU a frame):"
    for row in scaling["resolution"]:
        yield f"  {row['width']:>5} x {row['height']:<5}{row['cpu_ms_per_frame']:>8.2f}"
    for row in scaling["faces"]:
        yield f"  {row['faces']} face(s)    driver {row['driver']:>7.2f}   kiosk {row['kiosk']:>7.2f}"
    for row in scaling["window"]:
        yield f"  {row['window_s']:>4.0f} s window, rules {row['monitoring_us']:>7.1f} us"


def _soak(soak: Mapping[str, Any]) -> Iterator[str]:
    memory = soak["memory_mb"]
    yield (
        f"Soak of {soak['minutes']:g} min, {soak['frames']} frames: {memory['warm']:.1f} MB warm, {memory['last']:.1f} "
        f"at the end, {soak['slope_mb_per_hour']:+.2f} MB/h"
    )


def _compared(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    yield f"{'against the earlier result':<40}{'before':>12}{'now':>12}{'ratio':>8}"
    for row in rows:
        yield f"{row['name']:<40}{row['before']:>12.3f}{row['now']:>12.3f}{row['ratio']:>8.2f}"


def compare(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Everything measured that both results have, with now / before; whole numbers are counts and sizes."""
    old = dict(_numbers(before))
    return [
        {"name": name, "before": old[name], "now": value, "ratio": value / old[name]}
        for name, value in _numbers(now)
        if old.get(name)
    ]


def _numbers(value: Any, name: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _numbers(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            label = inner.get("name", n) if isinstance(inner, Mapping) else n
            yield from _numbers(inner, f"{name}.{label}")
    elif isinstance(value, float):
        yield name, value


def plot(result: Mapping[str, Any], path: Path) -> None:
    """Where the time of a frame goes, and how it grows where that was measured. Needs matplotlib."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    scaling = result.get("scaling")
    figure, axes = plt.subplots(1, 4 if scaling else 1, figsize=(18 if scaling else 7, 4.2), layout="constrained")
    first = axes[0] if scaling else axes
    stages = result["speed"]["stages"]
    first.barh(list(stages)[::-1], [stage["cpu_ms_per_frame"] for stage in stages.values()][::-1], color="#3a7bbf")
    first.set_xlabel("ms CPU a frame")
    first.set_title(f"{result['speed']['fps']:.0f} frames/s, one thread" if result["speed"]["threads"] == 1 else "")
    if scaling:
        sizes = [(row["width"] * row["height"] / 1e6, row["cpu_ms_per_frame"]) for row in scaling["resolution"]]
        axes[1].plot(*zip(*sizes, strict=True), marker="o", color="#3a7bbf")
        axes[1].set(xlabel="megapixels", ylabel="ms CPU a frame", title="By resolution", ylim=0)
        for profile in ("driver", "kiosk"):
            axes[2].plot(
                [row["faces"] for row in scaling["faces"]],
                [row[profile] for row in scaling["faces"]],
                marker="o",
                label=profile,
            )
        axes[2].set(xlabel="faces in view", ylabel="ms CPU a frame", title="By faces", ylim=0)
        axes[2].legend()
        windows = [(row["window_s"], row["monitoring_us"]) for row in scaling["window"]]
        axes[3].plot(*zip(*windows, strict=True), marker="o", color="#3a7bbf")
        axes[3].set(xlabel="seconds remembered", ylabel="µs a step of the rules", title="By window length", ylim=0)
    figure.savefig(path, dpi=110)
    plt.close(figure)
