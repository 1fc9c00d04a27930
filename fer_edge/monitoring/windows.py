"""What happened in the last so many seconds, in constant memory."""

from __future__ import annotations

from collections import deque


class Share:
    """How much of the last ``span_s`` seconds something was so, of the part that could be judged.

    Kept in ``buckets`` equal slices of time, so memory does not grow with the frame rate. Totals are
    summed anew whenever a slice ends, so no rounding error gathers over weeks.
    """

    __slots__ = ("_judged", "_now", "_part", "_width_s", "judged_s", "part_s", "span_s")

    def __init__(self, span_s: float, buckets: int = 120) -> None:
        self.span_s = span_s
        self._width_s = span_s / buckets
        self._part = [0.0] * buckets
        self._judged = [0.0] * buckets
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._part[:] = self._judged[:] = [0.0] * len(self._part)
        self._now: int | None = None
        self.part_s = self.judged_s = 0.0

    def drop_part(self) -> None:
        """Nothing was so up to now; what was judged stays."""
        if self.part_s:
            self._part[:] = [0.0] * len(self._part)
            self.part_s = 0.0

    def add(self, at: float, judged_s: float, part_s: float) -> None:
        """At ``at``, ``judged_s`` more seconds were judged and ``part_s`` of them were so."""
        slot = self._advance(at)
        self._judged[slot] += judged_s
        self._part[slot] += part_s
        self.judged_s += judged_s
        self.part_s += part_s

    def _advance(self, at: float) -> int:
        number, size = int(at // self._width_s), len(self._part)
        if number == self._now:
            return number % size
        if self._now is None:
            self._now = number
        elif number > self._now:
            for gone in range(max(self._now + 1, number - size + 1), number + 1):
                self._part[gone % size] = self._judged[gone % size] = 0.0
            self._now = number
            self.part_s, self.judged_s = sum(self._part), sum(self._judged)
        return self._now % size

    @property
    def share(self) -> float | None:
        """Part of the judged time, 0 to 1; None where nothing was judged."""
        if self.judged_s <= 0:
            return None
        share = self.part_s / self.judged_s
        return share if 0.0 <= share <= 1.0 else float(share > 0.5)

    @property
    def coverage(self) -> float:
        """Judged part of the whole window, 0 to 1."""
        coverage = self.judged_s / self.span_s
        return coverage if coverage < 1.0 else 1.0


class Recent:
    """The times of the last events within ``span_s`` seconds, at most ``limit`` of them."""

    __slots__ = ("_span_s", "_times")

    def __init__(self, span_s: float, limit: int = 512) -> None:
        self._span_s = span_s
        self._times: deque[float] = deque(maxlen=limit)

    def add(self, at: float) -> None:
        """One more, at ``at``."""
        self._times.append(at)

    def count(self, at: float) -> int:
        """How many there were in the window that ends at ``at``."""
        times = self._times
        while times and times[0] <= at - self._span_s:
            times.popleft()
        return len(times)

    def reset(self) -> None:
        """Forget everything."""
        self._times.clear()


class Peak:
    """The highest value of the last ``span_s`` seconds and when it was last there (monotonic queue)."""

    __slots__ = ("_span_s", "_values")

    def __init__(self, span_s: float) -> None:
        self._span_s = span_s
        self._values: deque[tuple[float, float]] = deque()

    def step(self, at: float, value: float) -> tuple[float, float]:
        """Take a value; returns (when, highest), the last of equals."""
        values = self._values
        while values and values[-1][1] <= value:
            values.pop()
        values.append((at, value))
        while values[0][0] < at - self._span_s:
            values.popleft()
        return values[0]

    def reset(self) -> None:
        """Forget everything."""
        self._values.clear()


class Histogram:
    """Values counted in equal bins, for medians in constant memory; values outside go to the ends."""

    __slots__ = ("_bins", "_low", "_width", "total_s")

    def __init__(self, low: float, high: float, bins: int) -> None:
        self._low, self._width = low, (high - low) / bins
        self._bins = [0.0] * bins
        self.total_s = 0.0

    def add(self, value: float, seconds: float) -> None:
        """``value`` held for ``seconds``."""
        number = int((value - self._low) / self._width)
        self._bins[min(max(number, 0), len(self._bins) - 1)] += seconds
        self.total_s += seconds

    def quantile(self, share: float, above: float | None = None) -> float | None:
        """The value below which ``share`` of the time lies, counting only bins from ``above`` up."""
        first = 0 if above is None else min(max(int((above - self._low) / self._width), 0), len(self._bins) - 1)
        bins = self._bins[first:]
        wanted = share * sum(bins)
        if wanted <= 0:
            return None
        passed = 0.0
        for number, seconds in enumerate(bins, first):
            if passed + seconds >= wanted:
                return self._low + self._width * (number + (wanted - passed) / seconds)
            passed += seconds
        return self._low + self._width * len(self._bins)
