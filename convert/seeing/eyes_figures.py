"""How good an eye model is beyond shut and open: each state within one source, gaze in degrees, dark glasses."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from convert.seeing import eyes_data, eyes_draw, eyes_scenes, faces68, lids, pieces
from convert.seeing.eyes_data import EACH, FIRST_HELD, GAZE_DEG, STATES
from convert.seeing.marks import Mark
from convert.seeing.pieces import Piece
from fer_edge.perception.interpreter import Model

DRAWN_EACH = 6
"""Times the lids of an eye are drawn anew to measure on."""


def measure(model: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Figures of every source that is given; people of the validation part only."""
    made, told = Model(model), {}
    if args.faces:
        faces = faces68.load(args.faces, "val")
        told["marked faces, lids drawn"] = states(made, _redrawn(eyes_data.marked(faces)))
        told["video frames by lid gap"] = by_gap(made, eyes_data.video(faces))
    if args.masks:
        for name, real in (("photographs", True), ("rendered", False)):
            eyes = _redrawn(eyes_data.masks(args.masks, "val", real=real))
            told[f"masks, {name}"] = states(made, eyes) | {"iris_off": iris_off(made, eyes)}
    if args.glasses:
        told["glasses"] = judged(made, eyes_data.glasses(args.glasses, "val"))
    if args.scenes:
        told["scenes"] = called(made, eyes_scenes.load(args.scenes, "val"))
    if args.people:
        eyes = eyes_data.drawn(range(FIRST_HELD, FIRST_HELD + args.people), EACH)
        told["drawn people"] = states(made, eyes) | {"gaze_deg": gaze_off(made, eyes)}
    return told


def _redrawn(eyes: Sequence[lids.Eye]) -> list[Piece]:
    rng = np.random.default_rng(5)
    drawn = [eyes_draw.redrawn(eye, rng) for eye in eyes for _ in range(DRAWN_EACH)]
    return [eyes_data.of_patch(eye.picture, target) for eye, target in drawn]


def states(made: Model, eyes: Sequence[Piece]) -> dict[str, Any]:
    """Of eyes whose state is one: how many are called what, false and missed shut ones, and openness."""
    said, true = pieces.outputs(made, eyes), np.array([eye.target for eye in eyes])
    one = true[:, :4].sum(axis=1) == 1
    told: dict[str, Any] = {}
    for n, name in enumerate(STATES):
        chosen = one & (true[:, n] == 1)
        called = np.bincount(said[chosen, :4].argmax(axis=1), minlength=4)
        told[name] = {"n": int(chosen.sum()), **dict(zip(STATES, map(int, called), strict=True))}
    shut, low = one & (true[:, 0] == 1), one & ((true[:, 1] == 1) | (true[:, 2] == 1))
    told["shut_missed"] = round(float((said[shut, 0] < 0.5).mean()), 4) if shut.any() else None
    told["shut_false"] = round(float((said[low, 0] >= 0.5).mean()), 4) if low.any() else None
    told["auc"] = auc(said[shut, 0], said[low, 0])
    known = true[:, 10] > 0
    told["openness_off"] = round(float(np.abs(said[known, 4] - true[known, 4]).mean()), 4)
    return told


def by_gap(made: Model, eyes: Sequence[Piece]) -> dict[str, Any]:
    """Video frames with lids nearly together against wide ones."""
    said, shut = pieces.outputs(made, eyes), np.array([eye.target[0] > 0 for eye in eyes])
    return {"shut": int(shut.sum()), "wide": int((~shut).sum()), "auc": auc(said[shut, 0], said[~shut, 0])}


def iris_off(made: Model, eyes: Sequence[Piece]) -> dict[str, float]:
    """Mean error of the iris's place, x and y in eye widths."""
    said, true = pieces.outputs(made, eyes), np.array([eye.target for eye in eyes])
    known = (true[:, 13] > 0) & (true[:, 4] > 0.3)
    places = [np.sin(np.radians(GAZE_DEG * v[known, 7:9])) * eyes_data.TURN for v in (said, true)]
    return {name: round(float(v), 4) for name, v in zip("xy", np.abs(places[0] - places[1]).mean(axis=0), strict=True)}


def gaze_off(made: Model, eyes: Sequence[Piece]) -> dict[str, float]:
    """Mean error of gaze in degrees, and how much of it was told."""
    said, true = pieces.outputs(made, eyes), np.array([eye.target for eye in eyes])
    known = true[:, 13] > 0
    told = known & (said[:, 6] >= 0.5)
    off = GAZE_DEG * np.abs(said[told, 7:9] - true[told, 7:9]).mean(axis=0)
    share = float(told.sum() / max(known.sum(), 1))
    return {"yaw": round(float(off[0]), 2), "pitch": round(float(off[1]), 2), "told": round(share, 3)}


def judged(made: Model, eyes: Sequence[tuple[Piece, str]]) -> dict[str, str]:
    """By pose and glasses: of how many eyes it is said that they cannot be told, and that they are shut."""
    said, told = pieces.outputs(made, [eye for eye, _ in eyes]), {}
    kinds = np.array([kind for _, kind in eyes])
    for kind in sorted(set(kinds)):
        chosen = kinds == kind
        unknown = said[chosen, 5] < 0.5
        shut = (said[chosen, 0] >= 0.5) & ~unknown
        told[str(kind)] = f"{unknown.sum()} of {chosen.sum()} reported unknown, {shut.sum()} called shut"
    return told


def called(made: Model, eyes: Sequence[tuple[Piece, Mark]]) -> dict[str, Any]:
    """By what an eye was marked as: how many are called what, and of how many it is said that they cannot be told."""
    said, told = pieces.outputs(made, [eye for eye, _ in eyes]), {}
    marked = np.array([mark.word for _, mark in eyes])
    for name in sorted(set(marked)):
        chosen = said[marked == name]
        unknown = chosen[:, 5] < 0.5
        states = np.bincount(chosen[~unknown, :4].argmax(axis=1), minlength=4)
        surely = int((chosen[~unknown, 0] >= 0.5).sum())
        told[str(name)] = {
            "n": len(chosen),
            **dict(zip(STATES, map(int, states), strict=True)),
            "surely shut": surely,
            "cannot be told": int(unknown.sum()),
        }
    return told


def auc(positive: np.ndarray, negative: np.ndarray) -> float | None:
    """Chance that a positive has the higher value; None without both."""
    if not len(positive) or not len(negative):
        return None
    ranks = np.argsort(np.argsort(np.concatenate([positive, negative]))) + 1
    first = ranks[: len(positive)].sum() - len(positive) * (len(positive) + 1) / 2
    return round(float(first / (len(positive) * len(negative))), 4)
