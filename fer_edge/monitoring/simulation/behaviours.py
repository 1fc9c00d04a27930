"""What alert drivers do with eyes, head and hands that narrows or hides the lids, and what is due for it.

Each act is drawn at random within what people do. None is fatigue. Most are nothing at all; some are a
distraction that has to be told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from fer_edge.monitoring.head import direction
from fer_edge.monitoring.simulation.story import Story
from fer_edge.settings.monitoring import DistractionSettings

AHEAD_S = 2.3
"""Between two glances of one act the driver looks ahead so long and more: the sum starts afresh after 2 s (VATS)."""
MOUTH_RESTS_S = 0.5
"""Between talk and what else a mouth does."""
TOLD_S = 3.0
"""A distraction is due after so long (Euro NCAP)."""

Act = Callable[[Story, Random, float], float]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Something drivers do: ``act`` adds one of it to a story at a time and returns when it is over.

    ``distracts`` is whether ``distracted`` is due for it.
    """

    name: str
    act: Act
    distracts: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """One act of a drive, seconds."""

    name: str
    start: float
    end: float
    distracts: bool


def reads_phone(story: Story, random: Random, at: float) -> float:
    """Reads a phone in the lap for more than 3 s: head and eyes down, or the eyes alone."""
    end = at + random.uniform(3.4, 5.4)
    head = random.choice((random.uniform(-8, 0), random.uniform(-32, -12)))
    story.during(at, end, pitch=head, gaze_pitch=random.uniform(-44, -30), lids=random.uniform(0.8, 1))
    return end


def glances_at_phone(story: Story, random: Random, at: float) -> float:
    """Short looks into the lap, the road between them."""
    for _ in range(random.randint(2, 4)):
        end = at + random.uniform(0.5, 1.6)
        story.during(at, end, pitch=random.uniform(-20, 0), gaze_pitch=random.uniform(-42, -28))
        at = end + random.uniform(AHEAD_S, 5)
    return at


def laughs(story: Story, random: Random, at: float) -> float:
    """Cheeks narrow the lids to a slit; the head may go back or down.

    The mouth of the laugh in the marked clip is read as wide open for its first 0.7 s, those of 4 of 565 happy faces in
    photographs and video frames. Here, of one laugh in ten to its end.
    """
    end = at + random.uniform(0.8, 4)
    squint, pitch = random.uniform(0.55, 1), random.uniform(-10, 8)
    story.during(at, end, squint=squint, emotion="happy", pitch=pitch, yaw=random.gauss(0, 8))
    (wide_s,) = random.choices((0.0, random.uniform(0.3, 1.2), 4.0), (5, 4, 1))
    story.during(at, min(at + wide_s, end), mouth=True)
    return end


def squints(story: Story, random: Random, at: float) -> float:
    """Against the low sun."""
    end = at + random.uniform(2, 20)
    story.during(at, end, squint=random.uniform(0.4, 0.95), pitch=random.uniform(-6, 2))
    return end


def eats(story: Story, random: Random, at: float) -> float:
    """Looks down at the bread for 1 to 2.6 s, bites, chews with the eyes on the road."""
    for _ in range(random.randint(2, 4)):
        end = at + random.uniform(0.9, 2.6)
        head = random.choice((random.uniform(-8, 0), random.uniform(-30, -12)))
        story.during(at, end, pitch=head, gaze_pitch=random.uniform(-40, -22), lids=random.uniform(0.85, 1))
        story.during(end, end + random.uniform(0.3, 0.9), mouth=True)
        at = end + random.uniform(AHEAD_S + 0.4, 6)
    return at


def talks_to_passenger(story: Story, random: Random, at: float) -> float:
    """Turns to the passenger for a second or two, laughs with them."""
    for _ in range(random.randint(2, 4)):
        end = at + random.uniform(0.8, 2.2)
        squint = random.choice((0.0, random.uniform(0.4, 0.9)))
        story.during(at, end, yaw=random.uniform(-60, -32), gaze_yaw=random.uniform(-20, 0), squint=squint)
        at = end + random.uniform(AHEAD_S, 6)
    return at


def rubs_eye(story: Story, random: Random, at: float) -> float:
    """A fist hides one eye; the other narrows, and is shut for a moment."""
    end = at + random.uniform(1, 4)
    story.during(at, end, hand="eye", squint=random.uniform(0.2, 0.7), lids=random.uniform(0.7, 1))
    blink = random.uniform(at, end - 0.5)
    story.during(blink, blink + random.uniform(0.2, 0.5), lids=0.0)
    return end


def yawns_behind_hand(story: Story, random: Random, at: float) -> float:
    """The mouth is hidden, the lids narrow, are heavy at the height of it and pressed together for a moment."""
    end = at + random.uniform(3, 7)
    story.during(at, end, hand="mouth", mouth=True, squint=random.uniform(0.3, 0.6), lids=random.uniform(0.85, 1))
    height = at + random.uniform(0.4, 1)
    story.during(
        height, height + random.uniform(0.8, 2), squint=random.uniform(0.6, 0.9), lids=random.uniform(0.5, 0.8)
    )
    press = height + random.uniform(0.1, 0.5)
    story.during(press, press + random.uniform(0.3, 1.0), lids=0.0)
    return end


def checks_mirrors(story: Story, random: Random, at: float) -> float:
    """Door mirrors with head and eyes, the inner mirror up and aside, each for 0.4 to 1.1 s."""
    for _ in range(random.randint(2, 4)):
        end = at + random.uniform(0.4, 1.1)
        match random.randrange(3):
            case 0:
                aside = random.choice((-1, 1))
                story.during(at, end, yaw=aside * random.uniform(10, 45), gaze_yaw=aside * random.uniform(5, 25))
            case 1:
                story.during(at, end, yaw=random.uniform(-20, -8), gaze_yaw=-15.0, gaze_pitch=random.uniform(8, 16))
            case _:
                story.during(at, end, gaze_yaw=random.choice((-1, 1)) * random.uniform(25, 38))
        at = end + random.uniform(AHEAD_S, 5)
    return at


def reads_instruments(story: Story, random: Random, at: float) -> float:
    """Speed and navigation: 0.4 to 1.2 s."""
    for _ in range(random.randint(1, 3)):
        end = at + random.uniform(0.4, 1.2)
        story.during(at, end, pitch=random.uniform(-14, -2), gaze_pitch=random.uniform(-26, -12))
        at = end + random.uniform(AHEAD_S, 6)
    return at


def looks_aside(story: Story, random: Random, at: float) -> float:
    """An owl: the head turns, for more than 3 s."""
    end = at + random.uniform(3.3, 5.4)
    story.during(at, end, yaw=random.choice((-1, 1)) * random.uniform(36, 60))
    return end


def eyes_aside(story: Story, random: Random, at: float) -> float:
    """A lizard: the eyes go aside, the head hardly."""
    end, aside = at + random.uniform(3.3, 5.4), random.choice((-1, 1))
    story.during(at, end, yaw=aside * random.uniform(4, 14), gaze_yaw=aside * random.uniform(32, 40))
    return end


def looks_up(story: Story, random: Random, at: float) -> float:
    """A phone held high, the roof: more than 3 s."""
    end = at + random.uniform(3.3, 5.4)
    story.during(at, end, pitch=random.uniform(25, 30), gaze_pitch=random.uniform(10, 20))
    return end


BEHAVIOURS = (
    *(Behaviour("glances at a phone", glances_at_phone), Behaviour("laughs", laughs)),
    *(Behaviour("squints at the sun", squints), Behaviour("eats", eats)),
    *(Behaviour("talks to a passenger", talks_to_passenger), Behaviour("rubs an eye", rubs_eye)),
    *(Behaviour("yawns behind a hand", yawns_behind_hand), Behaviour("checks mirrors", checks_mirrors)),
    Behaviour("reads instruments", reads_instruments),
    *(Behaviour("reads a phone in the lap", reads_phone, True), Behaviour("looks aside (head)", looks_aside, True)),
    *(Behaviour("looks aside (eyes)", eyes_aside, True), Behaviour("looks up", looks_up, True)),
)
QUIET = tuple(one for one in BEHAVIOURS if not one.distracts)


@dataclass(frozen=True, slots=True)
class Mounting:
    """Where the camera is, degrees against straight ahead of the driver: to the own left, and above; and the light."""

    name: str
    yaw: float = 0.0
    pitch: float = 0.0
    glasses: bool = False
    night: bool = False


MOUNTINGS = (
    *(Mounting("ahead"), Mounting("10 degrees aside", -10), Mounting("30 degrees aside", -30)),
    *(Mounting("45 degrees aside", -45), Mounting("below (dashboard)", -8, -18), Mounting("above (mirror)", -20, 14)),
    *(Mounting("glasses", -10, glasses=True), Mounting("night", -10, night=True)),
)


def acts_of(behaviour: Behaviour, count: int, random: Random, learn_s: float = 70.0) -> tuple[Story, list[Done]]:
    """A drive of nothing but ``count`` acts of one behaviour, 6 s and more apart, after ``learn_s`` ahead; and them."""
    story, done, at = Story(0.0), [], learn_s
    for _ in range(count):
        end = behaviour.act(story, random, at)
        done.append(Done(behaviour.name, at, end, behaviour.distracts))
        at = end + random.uniform(6, 14)
    story.seconds = at
    return story, done


def strew(story: Story, random: Random, behaviours: tuple[Behaviour, ...], every_s: float, since: float) -> list[Done]:
    """Adds acts of all of these to a story, ``every_s`` apart on average, one after the other.

    A mouth that bites, laughs or is hidden does not also talk or sing, as two acts in a row would make one yawn of.
    """
    done, at = [], since + random.expovariate(1 / every_s)
    while at < story.seconds - 60:
        behaviour, before = random.choice(behaviours), len(story.acts)
        end = behaviour.act(story, random, at)
        if any("mouth" in act.changes for act in story.acts[before:]):
            first, last = at - MOUTH_RESTS_S, end + MOUTH_RESTS_S
            story.acts[:before] = [
                act for act in story.acts[:before] if "mouth" not in act.changes or act.end < first or act.start > last
            ]
        done.append(Done(behaviour.name, at, end, behaviour.distracts))
        at = end + 5 + random.expovariate(1 / every_s)
    return done


def looks_away(story: Story, rules: DistractionSettings) -> list[tuple[float, float]]:
    """When the eyes are truly off the road, seconds; a look ahead too short for an answer interrupts none.

    Acts are drawn independently of each other, so that one can follow another within half a second: a mirror glance a
    bite, and together they are a look away of 3 s, which the rules are to tell.
    """
    edges = sorted({at for act in story.acts for at in (act.start, act.end)})
    away: list[tuple[float, float]] = []
    truths = (truth for _, truth in story.truths(iter(edges)))
    for (start, end), truth in zip(pairwise(edges), truths, strict=False):
        if direction(truth.yaw + truth.gaze_yaw, truth.pitch + truth.gaze_pitch, rules) == "ahead":
            continue
        goes_on = away and start - away[-1][1] < rules.answered_s
        away.append((away.pop()[0] if goes_on else start, end))
    return away
