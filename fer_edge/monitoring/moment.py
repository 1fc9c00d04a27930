"""What is known of the driver at one moment: the values all rules decide on.

Every state comes with ``since``, its beginning dated back to the raw crossing, and ``held_s``, how
long it has lasted as far as the frames agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fer_edge.core import Lens


class FaceNow(NamedTuple):
    """Whether the driver's face is there, since when, how much of that was judged, and what the lens says.

    ``rotated`` is whether the picture is known not to stand upright.
    """

    present: bool | None
    since: float
    held_s: float
    coverage: float
    lens: Lens
    rotated: bool = False

    def gone(self, seconds: float, least: float) -> bool:
        """Whether the face has been missing for so long, and at least this share of it was judged."""
        return self.present is False and self.held_s >= seconds and self.coverage >= least


class EyesNow(NamedTuple):
    """The driver's eyes: their state, the closure going on, and the last minute.

    ``evidence`` is the probability that they are closed, unfiltered; ``openness`` is relative to the
    own baseline. ``closure_s`` is 0 while the eyes are open and None while they cannot be judged;
    ``closure_coverage`` the judged share of it. ``awake_s`` is the time with open eyes since the last
    closure that was no blink, ended at ``awake_since``; blinks neither count nor end it.
    """

    evidence: float | None
    closed: bool | None
    since: float
    held_s: float
    openness: float | None
    closure_s: float | None
    closure_coverage: float
    awake_s: float
    awake_since: float
    perclos: float | None
    coverage: float
    blinks_per_min: float | None


class LidsNow(NamedTuple):
    """The driver's lids, whatever is under them.

    ``down_s`` is the time since the eyes were last open, 0 while they are, None while that cannot be told;
    ``since`` when the lids went down and ``coverage`` the judged share of the time since. ``eyes_down`` is whether
    an iris is told under them: the driver looks down; ``told`` the share of the last second in which it was.
    ``undecided``: they look shut, but the head went down with them, an iris was seen to look down before, or they are
    not read as shut surely, so it may be a look; ``sinking`` is whether the head sank or rolled further after that.
    ``doubted`` is whether the last frames showed the lids up again.
    """

    down_s: float | None
    since: float
    coverage: float
    eyes_down: bool | None
    told: float
    undecided: bool
    sinking: bool
    doubted: bool = False


class Glance(NamedTuple):
    """A look away: ``left``, ``right``, ``down`` or ``up``, by the ``head`` or only the ``eyes``."""

    looking: str
    by: str


class HeadNow(NamedTuple):
    """Where the driver's head points and the eyes look: degrees from straight ahead, None until that is known.

    ``looking`` is where, now; ``glance`` the look away that goes on, None while there is none. ``away_s`` is
    how long the driver has looked away (0 when ahead, None when unknown) and ``away_coverage`` the judged share of
    it; ``shared_s`` all time away in the window of the shared distraction. ``pitch_raw`` is against the camera.
    ``quiet`` is whether the car is too slow to matter, ``km_h`` its speed where that is known.
    """

    yaw: float | None
    pitch: float | None
    roll: float | None
    pitch_raw: float | None
    away: bool | None
    since: float
    held_s: float
    away_s: float | None
    away_coverage: float
    shared_s: float
    shared_coverage: float
    turned: bool
    upright: bool
    quiet: bool
    gaze_yaw: float | None = None
    gaze_pitch: float | None = None
    looking: str | None = None
    glance: Glance | None = None
    km_h: float | None = None


class MouthNow(NamedTuple):
    """The driver's mouth: wide open or not.

    ``wide_s`` is how long it has been wide open without interruption, ``coverage`` the share of that
    time in which it was seen to be. ``laughs`` is whether it is broad, as a laugh's, or else the eyes narrowed as it
    opened. ``hidden_since`` is since when it cannot be told in a face that is seen
    (a hand before it), None while it can or never could be.
    """

    open: bool | None
    since: float
    held_s: float
    wide_s: float
    coverage: float
    laughs: bool = False
    hidden_since: float | None = None


class Moment(NamedTuple):
    """Everything the rules may know, at ``at``, ``dt`` seconds after the last frame.

    ``slack_s`` is half the usual time between frames: what falls due between two is told at the
    nearer one. ``seen`` is whether the frame itself shows the driver's face, unfiltered.
    """

    at: float
    dt: float
    slack_s: float
    face: FaceNow
    eyes: EyesNow
    lids: LidsNow
    head: HeadNow
    mouth: MouthNow
    emotions: Mapping[str, float] | None
    seen: bool
