"""Where things are on the portrait, marked by hand in pixels of the 640x480 stage.

Right and left are the person's own: the right eye is on the left of the picture. A curve is a
row of (x, y) points, read between them by straight lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Curve = tuple[tuple[float, float], ...]
Floats = NDArray[np.floating[Any]]

STAGE = (640, 480)
CROP = (45, 0, 360, 270)
"""Left, top, width, height of the part of the 512x512 photograph that fills the stage."""


@dataclass(frozen=True, slots=True)
class EyeMarks:
    """One eye: ``brow`` is the lower edge of the eyebrow, ``crease`` the fold of the upper lid,
    ``upper`` and ``lower`` the edges of the lids with the eyeball between them, ``iris`` the middle of the
    iris, which looks at the camera."""

    brow: Curve
    crease: Curve
    upper: Curve
    lower: Curve
    iris: tuple[float, float]


RIGHT_EYE = EyeMarks(
    brow=((245, 166), (258, 163), (270, 160.5), (280, 162), (290, 164), (300, 166.5), (312, 169)),
    crease=((245, 178), (258, 176), (265, 172), (272, 169.5), (280, 168.5), (288, 169.5), (296, 173), (312, 180)),
    upper=(
        *((245, 181), (260, 181), (265, 179.5), (270, 177.5), (275, 175.5), (280, 174.5)),
        *((285, 174.8), (290, 176.5), (295, 180.5), (300, 185.5), (312, 187)),
    ),
    lower=(
        *((245, 181), (260, 181.5), (265, 182.5), (270, 184), (275, 185.5), (280, 186.5)),
        *((285, 187), (290, 186.5), (295, 186), (300, 186), (312, 187)),
    ),
    iris=(281.7, 179.8),
)
LEFT_EYE = EyeMarks(
    brow=((328, 170), (345, 168.5), (360, 167.5), (375, 168.5), (385, 172), (396, 175)),
    crease=((328, 184), (340, 180), (350, 175.5), (360, 173), (370, 175), (378, 179), (384, 182), (396, 184)),
    upper=(
        *((328, 187.5), (340, 186.5), (345, 183), (350, 180), (355, 178.3), (360, 177.5)),
        *((365, 178), (370, 180), (375, 182.8), (380, 185), (396, 187)),
    ),
    lower=(
        *((328, 187.5), (340, 187.5), (345, 188.5), (350, 189.3), (355, 190), (360, 190)),
        *((365, 189.3), (370, 188.2), (375, 187), (380, 186), (396, 187)),
    ),
    iris=(357.6, 183.8),
)

MOUTH_CENTRE_X = 319.0
UPPER_LIP: Curve = (
    *((281, 249.5), (285, 251), (290, 252.5), (300, 254.5), (310, 256), (320, 256)),
    *((330, 256), (340, 254.5), (350, 251.5), (356, 250)),
)
"""The lower edge of the upper lip, from the right corner of the mouth to the left."""
LOWER_LIP: Curve = (
    *((281, 250), (285, 253.5), (290, 257), (300, 262.5), (310, 265.8), (320, 266.8)),
    *((330, 265.3), (340, 260), (350, 253), (356, 250.5)),
)
"""The upper edge of the lower lip."""
NOSE_BASE_Y = 238.0
CHIN_Y = 318.0

HEAD: Curve = (
    *((330, 26), (350, 28), (372, 36), (395, 48), (415, 57), (428, 74), (438, 91), (446, 110), (453, 130)),
    *((456, 150), (456, 160), (451, 178), (444, 195), (433, 206), (421, 220), (414, 227), (410, 236)),
    *((404, 241), (397, 243), (394, 243), (391, 255), (385, 268), (379, 278), (370, 290), (360, 300)),
    *((348, 309), (335, 316), (320, 319), (305, 316.5), (290, 310), (275, 299), (262, 287), (254, 275)),
    *((250, 262), (246, 245), (243, 234), (236, 233), (228, 225), (222, 213), (220, 208), (214, 203)),
    *((204, 190), (196, 180), (193, 165), (192, 150), (191, 130), (192, 115), (196, 104), (202, 94)),
    *((214, 81), (234, 70), (256, 61), (262, 50), (275, 41), (300, 33)),
)
"""The outline of hair, ears and jaw, clockwise from the top."""
CAP: Curve = (
    *HEAD[:15],
    *((400, 236), (340, 236), (300, 228), (245, 226), (226, 214), (220, 208)),
    *HEAD[39:],
)
"""The hair all around, ears and face left out: what shows when the face turns away."""
NECK: Curve = (
    (260, 210),
    (254, 262),
    (252, 305),
    (262, 320),
    (305, 327),
    (345, 329),
    (369, 318),
    (378, 280),
    (380, 210),
)
"""What shows of the neck, and goes on behind the jaw."""
PERSON: Curve = (
    *HEAD[9:22],
    *((376, 300), (372, 307), (402, 328), (432, 362), (452, 398), (460, 416), (492, 432), (520, 452), (540, 485)),
    *((15, 485), (52, 430), (103, 388), (120, 376), (117, 334), (138, 313), (160, 287), (185, 270), (215, 262)),
    *((250, 261),),
    *HEAD[38:],
    *HEAD[:9],
)
"""Everything that leaves with the driver, roughly."""


def heights(curve: Curve, x: Floats) -> Floats:
    """The y of ``curve`` at each ``x``."""
    points = np.asarray(curve, np.float32)
    return np.interp(x, points[:, 0], points[:, 1]).astype(np.float32)
