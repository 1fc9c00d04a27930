"""Who is drawn: skin, eyes, glasses and light, by which one photograph becomes many people."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

Glasses = Literal["none", "clear", "dark"]
Colour = tuple[float, float, float]

_IRISES: tuple[Colour, ...] = (
    *((38, 52, 78), (30, 42, 62), (22, 30, 46), (48, 70, 98)),  # browns
    *((128, 104, 76), (150, 126, 98), (96, 110, 84), (110, 112, 108)),  # blues, green, grey
)
_SKINS: tuple[Colour, ...] = (
    *((1.0, 1.0, 1.0), (1.05, 1.04, 1.03), (0.86, 0.92, 0.97), (0.72, 0.8, 0.88)),
    *((0.55, 0.63, 0.74), (0.42, 0.5, 0.62), (0.3, 0.37, 0.47), (0.22, 0.27, 0.36)),
)


@dataclass(frozen=True, slots=True)
class Looks:
    """One person, one pair of glasses, one light; as it is, the photograph's.

    Colours are BGR; ``skin`` multiplies them. ``iris_size`` and ``eye_height`` are against the
    photograph's, ``crease`` how much of the fold of the upper lid shows (0 none to 1), ``follows`` how far the
    upper lid follows the eye, ``lashes`` their density, ``brow`` how dark brows are drawn (0 as they are).
    ``glint`` is the light mirrored in the eye, 0 to 1; ``glare`` the light mirrored in the glasses. ``side_light``
    is -1 lit from the left of the picture to 1 from the right; ``infrared`` a night camera's picture. ``narrow`` is
    the width of the picture against its height; ``blur`` the camera's, pixels.
    """

    skin: Colour = (1.0, 1.0, 1.0)
    iris: Colour = (38, 52, 78)
    white: Colour = (200, 208, 214)
    pupil: float = 14.0
    iris_size: float = 1.0
    eye_height: float = 1.0
    crease: float = 1.0
    follows: float = 1.0
    lashes: float = 1.0
    brow: float = 0.0
    glint: float = 1.0
    glasses: Glasses = "none"
    glare: float = 0.0
    rim: float = 1.0
    side_light: float = 0.0
    infrared: bool = False
    narrow: float = 1.0
    blur: float = 0.0


PHOTOGRAPH = Looks()
"""The photographed person."""
STRANGERS = 9000
"""Number from which :func:`somebody` is nobody that a network has learned from or was chosen by: they drive."""


def somebody(seed: int) -> Looks:
    """A person drawn at random, the same for the same seed, in an ordinary light, with clear glasses or none."""
    random = Random(f"looks {seed}")
    dim = random.uniform(0.72, 1.05)
    red = random.uniform(0.9, 1.0)
    infrared = random.random() < 0.2
    iris = random.choice(_IRISES)
    skin = random.choice(_SKINS[:4] if infrared else _SKINS)  # every skin is bright under infrared
    gain = random.uniform(0.92, 1.08)
    # Dark skin is photographed in the same light as its eyes, which then shine less than they would by day.
    dim *= 0.5 + 0.5 * min(skin[1], 1.0)
    return Looks(
        skin=(skin[0] * gain, skin[1] * gain, skin[2] * gain),
        # Under infrared every iris is bright, and the pupil is brighter than by day.
        iris=(120.0, 120.0, 120.0) if infrared else iris,
        white=(205 * dim * red, 211 * dim * red, 216 * dim),
        pupil=random.uniform(30, 60) if infrared else random.uniform(8, 24),
        iris_size=random.uniform(0.95, 1.3),
        eye_height=random.uniform(0.68, 1.15),
        crease=random.choice((1.0, 1.0, random.uniform(0, 1))),
        follows=random.uniform(0.85, 1.15),
        lashes=random.uniform(0.4, 1.8),
        brow=random.choice((0.0, random.uniform(0, 0.75))),
        glint=random.choice((0.0, random.uniform(0.4, 1.0))),
        glasses=random.choice(("none", "none", "clear")),
        glare=random.choice((0.0, random.uniform(0, 0.5))),
        rim=random.uniform(0.6, 2.2),
        side_light=random.choice((0.0, random.uniform(-0.9, 0.9))),
        infrared=infrared,
        narrow=random.uniform(0.9, 1.1),
        blur=random.choice((0.0, random.uniform(0.3, 1.6))),
    )
