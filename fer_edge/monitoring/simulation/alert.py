"""Drivers who are awake, in all that must never alarm; and what is planted among it to be found.

10-45 blinks a minute, mirror glances up to 1.1 s, looks at the instruments up to 1 s, talking,
singing, laughing, glare, tunnels, the face lost and found.
"""

from __future__ import annotations

from random import Random

from fer_edge.core import Lens
from fer_edge.monitoring.simulation.behaviours import Act, laughs
from fer_edge.monitoring.simulation.story import Driver, Story, Truth

OPEN_RATIO, OPEN_RATIO_SPREAD, FIXED_RATIO = 0.257, 0.021, 0.23
"""Eye aspect ratios of open eyes are N(0.257, 0.021); a fixed 0.23 flags one driver in ten."""


def alert_drive(seconds: float, random: Random, instruments: Act | None = None) -> Story:
    """A drive of an awake driver with everything that must never alarm.

    ``instruments`` is how the driver looks at them. By default the lids are shut in every other look, as a network may
    take them to be; one whose readings are measured errs by itself, and is to be shown lids that follow the eyes.
    """
    story = Story(seconds, Truth())
    for every_s, act in (
        (12.0, _mirror),
        (20.0, instruments or _instruments),
        (60.0, _mouth),
        (180.0, _glare),
        (150.0, _lost),
        (900.0, _tunnel),
        (60.0, _squint),
    ):
        _often(story, random, every_s, act)
    blinks(story, random)
    return story


def blinks(story: Story, random: Random, until: float = float("inf")) -> None:
    """Blinks of 100-400 ms at this driver's own rate, never two within 0.3 s.

    One that meets a look at the instruments, or a closure, is part of it.
    """
    low = sorted((act.start - 0.3, act.end + 0.3) for act in story.acts if act.changes.get("lids", 1.0) < 0.3)
    mean_s = 60.0 / random.uniform(10, 45)
    at = random.expovariate(1 / mean_s)
    while at < min(story.seconds, until):
        length = random.uniform(0.1, 0.4)
        while low and low[0][1] < at:
            low.pop(0)
        if not low or at + length < low[0][0]:
            story.closed(at, at + length)
        at += length + 0.3 + random.expovariate(1 / max(mean_s - 0.55, 0.2))


def _often(story: Story, random: Random, every_s: float, act: Act) -> None:
    """Repeat an act, ``every_s`` seconds apart on average; it returns when it is over."""
    at = random.expovariate(1 / every_s)
    while at < story.seconds - 70:
        at = act(story, random, at)
        at += 1.0 + random.expovariate(1 / every_s)


def _mirror(story: Story, random: Random, at: float) -> float:
    end = at + random.uniform(0.4, 1.1)
    story.during(at, end, yaw=random.choice((-1, 1)) * random.uniform(25, 60))
    return end


def _instruments(story: Story, random: Random, at: float) -> float:
    """Lids and head go down together; the lids low enough to be read as closed every other time."""
    end = at + random.uniform(0.4, 1.0)
    lids = random.choice(({"lids": 0.1}, {"gaze_pitch": random.uniform(-35, -15)}))
    story.during(at, end, pitch=random.uniform(-28, -12), **lids)
    return end


def _mouth(story: Story, random: Random, at: float) -> float:
    """One thing at a time."""
    return random.choice((_talk, _talk, _talk, laughs, _sing))(story, random, at)


def _talk(story: Story, random: Random, at: float) -> float:
    """Syllables at 3 to 5 a second."""
    end = at + random.uniform(5, 40)
    while at < end:
        beat = random.uniform(0.2, 0.33)
        story.during(at, at + beat * random.uniform(0.3, 0.6), mouth=True)
        at += beat
    return end


def _sing(story: Story, random: Random, at: float) -> float:
    """Held notes with breath between."""
    for _ in range(random.randint(5, 20)):
        note = random.uniform(0.3, 1.2)
        story.during(at, at + note, mouth=True)
        at += note + random.uniform(0.25, 0.8)
    return at


def _glare(story: Story, random: Random, at: float) -> float:
    end = at + random.uniform(0.3, 20)
    story.during(at, end, eyes_seen=False)
    return end


def _lost(story: Story, random: Random, at: float) -> float:
    end = at + random.uniform(0.1, 8)
    story.during(at, end, face=False)
    return end


def _tunnel(story: Story, random: Random, at: float) -> float:
    end = at + random.uniform(3, 60)
    story.during(at, end, lens=Lens.DARK)
    return end


def _squint(story: Story, random: Random, at: float) -> float:
    """Against the sun: lids narrowed for some seconds."""
    end = at + random.uniform(0.5, 6)
    story.during(at, end, squint=random.uniform(0.4, 0.95))
    return end


def microsleeps(count: int, random: Random, every_s: float = 20.0) -> tuple[Story, list[tuple[float, float]]]:
    """A drive with ``count`` microsleeps of 1.7 to 2.9 s among blinks, glances and talk; and when."""
    story = Story(70.0 + count * every_s)
    _often(story, random, 90.0, _talk)
    planted = []
    for number in range(count):
        start = 65.0 + number * every_s + random.uniform(0, every_s / 4)
        planted.append((start, start + random.uniform(1.7, 2.9)))
        story.closed(*planted[-1])
        glance = start + random.uniform(6, 12)
        story.during(glance, glance + random.uniform(0.4, 1.1), yaw=random.choice((-45.0, 45.0)))
    blinks(story, random)
    return story, planted


def anyone(random: Random, mean: float, *, fooled: bool = False) -> Driver:
    """A driver whose open eyes are drawn from the population, ``mean`` being the openness of its mean.

    ``fooled`` puts a network before them that judges by one fixed aspect ratio.
    """
    scale = mean / OPEN_RATIO
    judge = (scale * FIXED_RATIO, scale * 0.02) if fooled else None
    return Driver(
        openness=min(scale * random.gauss(OPEN_RATIO, OPEN_RATIO_SPREAD), 1.0),
        yaw=random.uniform(-40, 40),
        pitch=random.uniform(-15, 15),
        fooled=judge,
    )
