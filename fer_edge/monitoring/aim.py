"""How well the camera is aimed at the driver: what to change, most important first, or nothing.

The one place that judges this, for ``fer-edge aim`` and for the live page. Pure: one frame's
signals in, advice out.
"""

from __future__ import annotations

from dataclasses import dataclass

from fer_edge.core import Box, Lens, Quality, Signals

SMALLEST_FACE, SMALL_FACE = 40.0, 90.0
"""Width of a face in pixels: under the first an eye's square is nearly always under 10 pixels and is not judged
(docs/seeing.md); under the second it is judged, with little to spare for a driver who leans back."""
LARGEST_SHARE = 0.55
"""Share of the picture's width or height beyond which a driver who leans forward leaves the picture."""
MARGIN = 0.02
"""A box that ends so near an edge, as a share of the picture, is cut by it."""
MOST_YAW, MOST_PITCH = 20.0, 20.0
"""Degrees between camera and straight ahead: the far eye is lost from 25 degrees on, and drivers turn their heads."""
LEAST_BRIGHTNESS, MOST_SATURATED, LEAST_SHARPNESS = 0.12, 0.25, 0.12
"""Of the face: mean level, share of burnt-out pixels, and sharpness (0.5 is a Laplacian deviation of 12 levels)."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to change: ``what`` is wrong (a fixed word for programs), ``says`` it and ``do`` in plain words.

    ``hard`` where nothing can be judged before it is changed.
    """

    what: str
    says: str
    do: str
    hard: bool = True


def judge(signals: Signals, width: int, height: int) -> tuple[Advice, ...]:
    """What to change for a picture of this size in pixels; empty where the camera is aimed well."""
    view = _view(signals)
    if view:
        return (view,)
    if signals.face is None:
        return (Advice("no_face", "no face", "point the camera at the driver's face"),)
    found = [*_place(signals.face.box, width, height), *_turn(signals), *_light(signals.quality)]
    if not found and signals.eye_left is None and signals.eye_right is None:
        found = [
            Advice("eyes", "the eyes cannot be judged", "avoid glare on glasses; move the lamp or the camera aside")
        ]
    return tuple(sorted(found, key=lambda advice: not advice.hard))


def _view(signals: Signals) -> Advice | None:
    if signals.lens is Lens.DARK:
        return Advice("dark", "too dark", "turn on a light or the infrared lamp, or uncover the lens")
    if signals.lens is Lens.COVERED:
        return Advice("covered", "lens covered", "uncover or clean the lens")
    if signals.rotated:
        return Advice("rotated", "the picture does not stand upright", f"set camera.rotation: {signals.rotated}")
    return None


def _place(box: Box, width: int, height: int) -> list[Advice]:
    found = []
    left, top = box.x / width, box.y / height
    right, bottom = (box.x + box.width) / width, (box.y + box.height) / height
    sides = {"left": left < MARGIN, "top": top < MARGIN, "right": right > 1 - MARGIN, "bottom": bottom > 1 - MARGIN}
    cut = [side for side, is_cut in sides.items() if is_cut]
    if box.width < SMALLEST_FACE:
        found.append(Advice("far", "too far", "move the camera closer or take a longer lens or a larger picture"))
    elif box.width / width > LARGEST_SHARE or box.height / height > LARGEST_SHARE + 0.2:
        found.append(Advice("near", "too near", "move the camera back or take a wider lens"))
    elif cut:
        where = " and ".join(cut)
        found.append(Advice("cut", f"face cut at the {where}", f"turn the camera to the picture's {where}"))
    if SMALLEST_FACE <= box.width < SMALL_FACE:
        found.append(Advice("small", "the face is small", "closer is better", hard=False))
    return found


def _turn(signals: Signals) -> list[Advice]:
    found = []
    if signals.yaw is not None and abs(signals.yaw) > MOST_YAW:
        # The driver's own left is the picture's right, unless it is mirrored: so the driver is the reference.
        side = "right" if signals.yaw > 0 else "left"
        found.append(
            Advice(
                "turned",
                f"too far to the driver's {side} ({abs(signals.yaw):.0f} degrees)",
                f"move the camera to the driver's {'left' if side == 'right' else 'right'}, or look straight ahead",
            )
        )
    if signals.pitch is not None and abs(signals.pitch) > MOST_PITCH:
        low = signals.pitch > 0
        found.append(
            Advice(
                "tilted",
                f"too {'low' if low else 'high'} ({abs(signals.pitch):.0f} degrees)",
                f"mount the camera {'higher' if low else 'lower'}, or look straight ahead",
            )
        )
    return found


def _light(quality: Quality | None) -> list[Advice]:
    if quality is None:
        return []
    found = []
    if quality.brightness < LEAST_BRIGHTNESS:
        found.append(Advice("dim", "the face is too dark", "more light on the face, or an infrared lamp"))
    if quality.saturated > MOST_SATURATED:
        found.append(Advice("glare", "the face is burnt out", "less light on the face; move the lamp further away"))
    if quality.sharpness < LEAST_SHARPNESS:
        found.append(Advice("blurred", "the face is blurred", "focus the lens, clean it, fix the camera", hard=False))
    return found
