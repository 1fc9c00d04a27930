"""Closures in a row: which of them are one, and how long the eyes have been open since."""

from __future__ import annotations

JOIN_S, JOIN_SHARE = 0.25, 0.15
"""Shorter openings do not part two closures, if they are no more than this share of the whole: lids that
flutter, or frames misread. Two blinks do not make a closure that way: between them it is more. Nor do a
look down at the instruments and the blink after it: the head has come up between them."""


class Closures:
    """Follows the filtered state of the eyes.

    While they are closed, :meth:`joined` says what goes before the present closure and belongs to it.
    While they are open, ``awake_since`` is the end of the last closure that was no blink.
    """

    def __init__(self, blinks_below_s: float) -> None:
        self._blinks_below_s = blinks_below_s
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.awake_since: float | None = None
        self._before_s = 0.0
        self._open, self._opened = False, 0.0
        self._forget_closure()

    def _forget_closure(self) -> None:
        self._first = 0.0
        self._openings_s = 0.0
        self._last: float | None = None
        self._down = False

    def joined(self, since: float, held_s: float) -> tuple[float, float]:
        """The beginning of the whole that a closure since ``since`` belongs to, and the openings in it, seconds."""
        whole_s = held_s + since - self._first
        if self._openings_s and self._openings_s <= JOIN_SHARE * whole_s:
            return self._first, self._openings_s
        return since, 0.0

    def step(self, closed: bool | None, since: float, held_s: float, down: bool | None) -> float:
        """Take the state of the eyes, when it began, how long it has lasted, and whether the head is bent down
        in a frame that shows shut eyes (None in another).

        Returns the seconds with open eyes since the last closure that was no blink: blinks neither
        count nor end it, unknown eyes do. It is 0 while the eyes are not open.
        """
        if closed is None:
            self.reset()
            return 0.0
        if closed:
            self._shut(since, held_s, down)
            return 0.0
        if self.awake_since is None:
            self.awake_since = since
        self._open, self._opened = True, since
        return self._before_s + held_s

    def _shut(self, since: float, held_s: float, down: bool | None) -> None:
        if since != self._last:
            self._join(since, down)
        self._down = self._down if down is None else down
        if held_s >= self._blinks_below_s:
            self.awake_since, self._before_s = None, 0.0
        elif self._open:
            self._before_s += since - self._opened
        self._open = False

    def _join(self, since: float, down: bool | None) -> None:
        """A closure begins: soon enough after the last one to go on with it?"""
        opening_s = since - self._opened if self._open and self._last is not None else float("inf")
        if opening_s <= JOIN_S and down in (None, self._down):
            self._openings_s += opening_s
        else:
            self._first, self._openings_s = since, 0.0
        self._last = since
