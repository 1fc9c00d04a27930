"""The photograph taken apart: a head that can move, and the picture behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.errors import UnavailableError
from fer_edge.sources.sim.marks import CAP, CROP, HEAD, NECK, PERSON, STAGE, Curve

if TYPE_CHECKING:
    from fer_edge.core import Image


PHOTOGRAPH = Path(__file__).with_name("photograph.webp")
_HAIR = (slice(0, 340), slice(170, 480))
"""Rows and columns of the stage that hold all of the hair."""


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """Layers of the stage, each (480, 640): ``head`` BGR with its ``head_alpha``, the ``cap`` of hair
    and neck behind it (BGRA, colours times alpha), the ``body`` without a head, the ``empty`` room,
    and ``person_alpha`` of all that leaves with the driver."""

    head: Image
    head_alpha: Image
    cap: Image
    body: Image
    empty: Image
    person_alpha: Image


def load_photograph() -> Image:
    """The 512x512 BGR portrait: NASA's of the astronaut Eileen Collins, in the public domain.

    Raises UnavailableError where its file is missing or OpenCV cannot read it.
    """
    photograph: Image | None = cv2.imread(str(PHOTOGRAPH), cv2.IMREAD_COLOR)
    if photograph is None:
        raise UnavailableError(f"sim: {PHOTOGRAPH} cannot be read; install fer-edge and OpenCV again")
    return photograph


def load_portrait() -> Portrait:
    """The photograph in layers. Raises UnavailableError where it cannot be read."""
    left, top, width, height = CROP
    photograph = load_photograph()[top : top + height, left : left + width]
    stage = cv2.resize(photograph, STAGE, interpolation=cv2.INTER_LANCZOS4)
    stage = cv2.addWeighted(stage, 1.4, cv2.GaussianBlur(stage, (0, 0), 1.6), -0.4, 0)
    head_alpha = _mask(HEAD, soft=1.5)
    inside = cv2.GaussianBlur(cv2.erode(_mask(CAP, soft=1.0), np.ones((9, 9), np.uint8)), (0, 0), 2.0)
    head_alpha[:200] = inside[:200]  # the edge of the hair is the cap's, with no wall shining through
    person_alpha = _mask(PERSON, soft=2.5)
    empty = _empty_room(stage, person_alpha)
    return Portrait(stage, head_alpha, _cap(stage), _body(stage, empty), empty, person_alpha)


def toned(portrait: Portrait, skin: tuple[float, float, float]) -> Portrait:
    """The portrait with hair and skin multiplied by BGR factors."""
    if skin == (1.0, 1.0, 1.0):
        return portrait
    neck = _mask(NECK, soft=2.5)
    body = blend(portrait.body, _times(portrait.body, skin), cv2.max(neck, _mask(HEAD, soft=2.5)))
    return replace(portrait, head=_times(portrait.head, skin), cap=_times(portrait.cap, skin), body=body)


def _times(picture: Image, factors: tuple[float, float, float]) -> Image:
    """A BGR or BGRA picture with its colours multiplied."""
    scale = np.array((*factors, 1.0)[: picture.shape[2]], np.float32)
    scaled: Image = np.clip(picture * scale, 0, 255).astype(np.uint8)
    if picture.shape[2] == 4:
        scaled[..., :3] = np.minimum(scaled[..., :3], scaled[..., 3:])
    return scaled


def times_alpha(colour: Image, alpha: Image) -> Image:
    """BGRA with the colours multiplied by ``alpha`` (0 to 255), as the layers of the head are kept."""
    scaled = cv2.multiply(colour, cv2.merge([alpha] * 3), scale=1 / 255)
    merged: Image = cv2.merge([*cv2.split(scaled), alpha])
    return merged


def blend(back: Image, front: Image, alpha: Image) -> Image:
    """``front`` over ``back`` by ``alpha`` (height, width), 0 to 255."""
    share = cv2.merge([alpha] * 3)
    shown = cv2.multiply(front, share, scale=1 / 255)
    hidden = cv2.multiply(back, cv2.bitwise_not(share), scale=1 / 255)
    mixed: Image = cv2.add(shown, hidden)
    return mixed


def _mask(outline: Curve, soft: float) -> Image:
    mask = np.zeros((STAGE[1], STAGE[0]), np.uint8)
    points = np.round(np.asarray(outline, np.float32) * 16).astype(np.int32)
    cv2.fillPoly(mask, [points], 255, cv2.LINE_AA, shift=4)
    softened: Image = cv2.GaussianBlur(mask, (0, 0), soft)
    return softened


def _cap(stage: Image) -> Image:
    """The outline of the head full of hair, and a neck that leans with it.

    Where the face is, there is the hair beside it, mirrored inwards.
    """
    hair = stage.copy()
    hair[_HAIR] = _hair(stage)
    neck = _mask(NECK, soft=2.5)
    neck = np.minimum(neck, np.interp(np.arange(STAGE[1]), (292, 316), (255, 0))[:, None]).astype(np.uint8)
    alpha = _mask(CAP, soft=1.5)
    both = blend(_neck(stage), hair, alpha)
    return times_alpha(both, cv2.max(alpha, neck))


def _hair(stage: Image) -> Image:
    """The part :data:`_HAIR` of the stage with hair in place of the face, darker towards the nape."""
    rows, columns = _HAIR
    y, x = np.mgrid[rows, columns].astype(np.float32)
    right = 243 - np.abs((x - 243 + 42) % 84 - 42)  # back and forth over 42 pixels of hair
    left = 405 + np.abs((x - 405 + 42) % 84 - 42)
    inwards = np.where(x < 243, x, np.where(x > 405, x, np.where(x < 321, right, left)))
    from_x = x + (inwards - x) * np.clip((y - 70) / 40, 0, 1)
    turn = np.where(x < 243, 192, np.where(x > 405, 212, 168)).astype(np.float32)  # skin and wall below: back up
    hair = cv2.remap(stage, from_x, turn - np.abs(y - turn), cv2.INTER_LINEAR)
    shade = np.clip((y - 130) / 105, 0, 1) * 0.55 * np.clip(1.5 - np.abs(x - 321) / 70, 0, 1)
    dark: Image = cv2.multiply(hair, cv2.merge([1 - shade] * 3), dtype=cv2.CV_8U)
    return dark


def _empty_room(stage: Image, person: Image) -> Image:
    """The room behind: what the person hides is filled in from around, small and then smoothed."""
    small = cv2.resize(stage, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    hidden = cv2.dilate(cv2.resize(person, (small.shape[1], small.shape[0])), np.ones((3, 3), np.uint8))
    small[40:, :22] = small[20, 22]  # the flag would be smeared over the floor
    filled = cv2.inpaint(small, (hidden > 8).astype(np.uint8), 5, cv2.INPAINT_TELEA)
    filled = cv2.GaussianBlur(filled, (0, 0), 3)
    wall = cv2.resize(filled, STAGE, interpolation=cv2.INTER_CUBIC)
    coarse = np.random.default_rng(1).normal(0, 180, (STAGE[1] // 4, STAGE[0] // 4)).astype(np.float32)
    mottle = cv2.resize(cv2.GaussianBlur(coarse, (0, 0), 3) / 4, STAGE)[..., None]
    wall = np.clip(wall + mottle, 0, 255).astype(np.uint8)
    return blend(stage, wall, cv2.GaussianBlur(cv2.dilate(person, np.ones((31, 31), np.uint8)), (0, 0), 7))


def _body(stage: Image, empty: Image) -> Image:
    """The person without the head: the room where the head was, and a neck that goes on upwards."""
    around = cv2.dilate(_mask(HEAD, soft=1.0), np.ones((27, 27), np.uint8))
    collar = cv2.min(around, _mask(HEAD, soft=1.0))  # which stays as it is
    around[262:, :300], around[300:] = collar[262:, :300], collar[300:]
    without_head = blend(stage, empty, cv2.GaussianBlur(around, (0, 0), 3))
    low = _mask(NECK, soft=2.5)
    low = np.minimum(low, np.interp(np.arange(STAGE[1]), (258, 276), (0, 255))[:, None]).astype(np.uint8)
    return blend(without_head, _neck(stage), low)


def _neck(stage: Image) -> Image:
    """The stage with skin between ears and collar, darker towards the top, under the jaw."""
    neck = stage.copy()
    skin = cv2.GaussianBlur(stage, (0, 0), 2.0)
    across = np.interp(np.arange(STAGE[0]), (256, 268, 362), (0.0, 0.15, 1.0))[:, None]
    row = skin[318, 265] * (1 - across) + skin[316, 364] * across  # lit from the right of the driver
    shade = np.interp(np.arange(200, 340), (230, 318), (0.5, 1.0))[:, None, None]
    neck[200:340] = (row[None] * shade).astype(np.uint8)
    return neck
