"""Settings of what the signals mean: every threshold and time of the rules, each with its source.

Times are seconds of the frames' own clock, angles are degrees from the driver's straight ahead,
shares and probabilities run from 0 to 1.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from fer_edge.settings.base import Section

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=3600)]
Degrees = Annotated[float, Field(ge=0, le=180)]


def _ascending(**named: float) -> None:
    """Refuse values that do not rise in the order given."""
    names, values = list(named), list(named.values())
    for first, second, low, high in zip(names, names[1:], values, values[1:], strict=False):
        if not low < high:
            raise ValueError(f"{first} ({low}) must be below {second} ({high})")


class FilterSettings(Section):
    """Smoothing of eyes, mouth and head: a single bad frame neither starts nor ends an event."""

    time_constant_s: float = Field(0.15, gt=0, le=5, description="first-order filter of eyes, mouth and head, seconds")
    begins_above: float = Field(
        0.63, ge=0, le=0.95, description="filtered value above which a state begins (openpilot)"
    )
    ends_below: float = Field(0.37, ge=0.05, le=1, description="filtered value below which it ends (openpilot)")
    bridge_s: Seconds = Field(
        0.5, description="unknown frames of up to this duration do not interrupt a state, seconds"
    )
    gap_s: float = Field(
        1.0, ge=0.25, le=60, description="time between two frames above which it counts as not judged, seconds"
    )
    coverage: Share = Field(0.5, description="minimum share of a rule's window that must be judged for it to start")
    min_fps: float = Field(
        10.0, gt=0, le=240, description="below 95 % of this frame rate the state reports degraded_rate"
    )

    @model_validator(mode="after")
    def _order(self) -> Self:
        _ascending(ends_below=self.ends_below, begins_above=self.begins_above)
        return self


class CalibrationSettings(Section):
    """Calibration to the driver: open eyes and straight ahead."""

    first_s: float = Field(
        5.0, gt=0, le=600, description="time with a face after which straight ahead is first set, seconds"
    )
    full_s: float = Field(60.0, gt=0, le=3600, description="time of valid frames for a full calibration, seconds")
    slow_s: float = Field(600.0, gt=0, le=86400, description="time constant of later adaptation, seconds")
    open_prior: float = Field(
        0.9, gt=0, le=1, description="openness of an average driver's open eye, until this driver is calibrated"
    )
    open_spread: float = Field(
        0.082,
        gt=0,
        le=0.5,
        description="spread of open eyes among people, as a share (eye aspect ratios are N(0.257, 0.021))",
    )
    open_droop: Share = Field(
        0.05,
        description="how far the baseline may fall below its calibrated value (it must not follow drowsiness), share",
    )
    shut: Share = Field(
        0.6, description="openness, as a share of this driver's open eyes, that indicates neither open nor closed"
    )
    shut_prior: Share = Field(
        0.05, description="openness of an average driver's closed eye, until this driver is calibrated"
    )
    shut_most: Share = Field(
        0.35, description="upper limit for the learned openness of closed eyes (glasses can make them appear open)"
    )
    shut_s: Seconds = Field(
        2.0, description="total duration of clearly closed eyes (including blinks) needed to learn their openness"
    )
    openness_weight: float = Field(
        8.0,
        ge=0,
        le=50,
        description="log-odds of closed per unit of openness below shut; 0: the network's probability alone",
    )


class ClosureSettings(Section):
    """microsleep, sleep and unresponsive: one closure of the eyes and how long it lasts."""

    microsleep_s: Seconds = Field(
        1.5, description="eyes closed for this long: microsleep, warning (Euro NCAP 2026: 1-2 s)"
    )
    sleep_s: Seconds = Field(3.0, description="eyes closed for this long: sleep, critical (Euro NCAP 2026: 3 s)")
    unresponsive_s: Seconds = Field(
        6.0, description="lids down for this long: unresponsive, critical, in every case (Euro NCAP 2026: 6 s)"
    )
    microsleep_end_s: Seconds = Field(0.3, description="eyes open for this long: a microsleep ends")
    critical_end_s: Seconds = Field(
        2.0, description="eyes open for this long (and ahead, for unresponsive): a critical event ends"
    )
    upright_end_s: Seconds = Field(
        10.0,
        description="face upright and ahead for this long with eyes that cannot be judged (sunglasses): the event ends",
    )
    hold_s: Seconds = Field(
        2.0, description="eyes or face lost during an event: the closure is assumed to continue for this long"
    )
    slump_s: Seconds = Field(
        3.0, description="face lost within this time after a microsleep or worse: critical (slump)"
    )
    slump_lost_s: Seconds = Field(0.5, description="a face missing for this long counts as lost for a slump")
    absent_s: Seconds = Field(
        60.0, description="no face for this long: fatigue events end and the calibration is discarded"
    )

    @model_validator(mode="after")
    def _order(self) -> Self:
        _ascending(microsleep_s=self.microsleep_s, sleep_s=self.sleep_s, unresponsive_s=self.unresponsive_s)
        return self


class LidsSettings(Section):
    """Lids that are down: shut, or lowered in a look down."""

    passed_deg: Degrees = Field(
        12.0, description="head pitch beyond which closing lids may be a look down; undecided until sleep_s"
    )
    sure: Share = Field(
        0.8, description="below this mean probability of shut over one second, lids are undecided until sleep_s"
    )
    bent_deg: Degrees = Field(
        10.0, description="with the head bent further down than this, narrowed lids also count as down"
    )
    sinking_deg: Degrees = Field(8.0, description="a further head drop or roll by this much means asleep")
    signs_s: Seconds = Field(
        600.0, description="after a sign of fatigue within this time, undecided lids become sleep at sleep_s"
    )
    doubt_s: Seconds = Field(
        60.0,
        description="within this time of a microsleep, sleep or nod, undecided lids count as closed from the start",
    )
    sign_closure_s: Seconds = Field(0.8, description="a closure of this length is a sign of fatigue")
    sign_perclos: Share = Field(0.05, description="PERCLOS at or above this value is a sign of fatigue")


class DrowsySettings(Section):
    """drowsy: share of a minute with closed eyes (PERCLOS), and yawns."""

    window_s: float = Field(
        60.0, ge=10, le=3600, description="PERCLOS is measured over this window (P80, Wierwille 1994)"
    )
    min_closure_s: Seconds = Field(0.4, description="shorter closures are blinks and are excluded from PERCLOS")
    down_s: Seconds = Field(20.0, description="looking down is excluded from PERCLOS, for at most this long per window")
    undecided_s: Seconds = Field(
        1.0,
        description="lids that went down with the head count as closed for PERCLOS if they come up after this time and "
        "before sleep_s",
    )
    advisory: Share = Field(
        0.08, description="PERCLOS from which drowsy starts, as an advisory (US field trial, DOT HS 811 117)"
    )
    warning: Share = Field(0.12, description="PERCLOS from which drowsy is a warning (US field trial, DOT HS 811 117)")
    end: Share = Field(0.06, description="PERCLOS below this for end_s, and fewer yawns than set: drowsy ends")
    end_s: Seconds = Field(30.0, description="how long PERCLOS must stay below end before drowsy ends")
    yawns: int = Field(3, ge=1, le=100, description="number of yawns within yawns_s that raises drowsy, advisory")
    yawns_s: float = Field(300.0, gt=0, le=3600, description="window in which yawns are counted, seconds")
    unjudged_s: Seconds = Field(300.0, description="eyes not judged for this long: drowsy ends, reason unjudged")

    @model_validator(mode="after")
    def _order(self) -> Self:
        _ascending(end=self.end, advisory=self.advisory, warning=self.warning)
        return self


class YawnSettings(Section):
    """yawn: mouth wide open, longer than in speech or laughter."""

    open_s: Seconds = Field(
        1.5, description="how long the mouth is wide open without interruption (a yawn takes 4-6 s, speech is shorter)"
    )
    open_share: Share = Field(0.8, description="minimum share of that time with the mouth wide open")
    end_s: Seconds = Field(0.5, description="mouth closed for this long: the yawn ends")
    longest_s: Seconds = Field(
        3.0,
        description="for up to this long, eyes closed in a yawn or laugh are not a microsleep while the mouth is open",
    )


class NodSettings(Section):
    """nod: the head drops, or jerks up, after the eyes have closed."""

    closed_s: Seconds = Field(0.5, description="how long the eyes are closed, head still up, before the head moves")
    drop_deg: Degrees = Field(15.0, description="how far the head drops or jerks up (nods 12-20 degrees)")
    within_s: float = Field(1.0, gt=0, le=10, description="time limit for this movement")
    steady_deg: Degrees = Field(
        8.0, description="a head that moves less than this is up (normal movement is 2-8 degrees)"
    )
    end_s: Seconds = Field(1.0, description="head up for this long: the nod ends")


class DistractionSettings(Section):
    """distracted: the driver looks away from straight ahead, judged by the gaze if visible, otherwise by the head."""

    yaw_deg: Degrees = Field(30.0, description="further than this to either side is away; 0: never")
    pitch_deg: Degrees = Field(
        25.0, description="further down than this is away; 0: never, but lids down for closure.sleep_s still are"
    )
    up_deg: Degrees = Field(30.0, description="further up than this is away; 0: never")
    long_s: Seconds = Field(3.0, description="away for this long: distracted (Euro NCAP long distraction)")
    shared_s: Seconds = Field(
        10.0, description="away for this long in total within shared_window_s (Euro NCAP short multiple)"
    )
    shared_window_s: float = Field(30.0, gt=0, le=600, description="window of the shared distraction, seconds")
    fresh_s: Seconds = Field(2.0, description="ahead for this long: the shared total is reset (Euro NCAP)")
    end_s: Seconds = Field(2.0, description="ahead for this long: distracted ends")
    answer_s: Seconds = Field(3.0, description="no response for this long after the warning: unresponsive (Euro NCAP)")
    answered_s: Seconds = Field(0.5, description="open eyes and gaze ahead for this long count as a response")
    hold_s: Seconds = Field(2.0, description="head lost while away: assumed to stay away for this long")
    upright_deg: Degrees = Field(15.0, description="a head bent or tilted less than this is upright")
    min_km_h: float = Field(
        20.0, ge=0, le=300, description="no events below this speed, if the speed is known (Euro NCAP)"
    )

    @model_validator(mode="after")
    def _order(self) -> Self:
        _ascending(long_s=self.long_s, shared_s=self.shared_s, shared_window_s=self.shared_window_s)
        return self


class ViewSettings(Section):
    """absent and view_degraded: nobody in view, or the view is too poor."""

    absent_s: Seconds = Field(5.0, description="no face in a clear picture for this long: absent")
    present_s: Seconds = Field(1.0, description="a face for this long: absent ends")
    degraded_s: Seconds = Field(
        10.0,
        description="eyes not judged, or lens dark or covered, for this long: view_degraded (Euro NCAP: within 10 s)",
    )
    judged_s: Seconds = Field(3.0, description="eyes judged again for this long: view_degraded ends")
    turned_deg: Degrees = Field(
        35.0, description="a head turned further than this hides its own eyes; that is not a degraded view"
    )


class PeopleSettings(Section):
    """Profile kiosk: the people in view."""

    present_s: Seconds = Field(1.0, description="seen for this long: present begins")
    gone_s: Seconds = Field(3.0, description="not seen for this long: present ends")


class MonitoringSettings(Section):
    """The rules that turn signals into events."""

    fatigue: bool | None = Field(None, description="fatigue events; empty: on for profile driver, off for kiosk")
    attention: bool | None = Field(None, description="attention events; empty: on for profile driver, off for kiosk")
    rules: Literal["euro-ncap", "eu-2023-2590"] = Field(
        "euro-ncap",
        description="times of a long distraction: euro-ncap (3 s), or Regulation (EU) 2023/2590 (3.5 s from 50 km/h, "
        "6 s from 20 to 50 km/h; 3.5 s if the speed is unknown)",
    )
    filter: FilterSettings = Field(FilterSettings(), description="deciding whether a state changed")
    calibration: CalibrationSettings = Field(CalibrationSettings(), description="learning the driver")
    closure: ClosureSettings = Field(ClosureSettings(), description="microsleep, sleep, unresponsive")
    lids: LidsSettings = Field(LidsSettings(), description="lids that are down: shut, or a look down")
    drowsy: DrowsySettings = Field(DrowsySettings(), description="PERCLOS and yawns")
    yawn: YawnSettings = Field(YawnSettings(), description="a mouth wide open")
    nod: NodSettings = Field(NodSettings(), description="a falling head")
    distraction: DistractionSettings = Field(DistractionSettings(), description="a driver who looks away")
    view: ViewSettings = Field(ViewSettings(), description="absent, view_degraded")
    people: PeopleSettings = Field(PeopleSettings(), description="presence in profile kiosk")
