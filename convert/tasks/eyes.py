"""Eyes shut, lowered, narrowed or open, and where they look."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from convert.arguments import whole
from convert.seeing.eyes_data import EACH, OUTPUTS, PEOPLE
from convert.seeing.lids import Eye
from convert.seeing.pieces import Draw, Piece
from convert.tasks.base import add_data
from convert.tasks.drawn import Drawn, widths

DATA = "eyes with labels: 1 open, 0 closed"


class Eyes(Drawn):
    """A grey eye to four states, openness, whether eye and iris can be seen, and two angles."""

    name = "eyes"
    outputs = OUTPUTS
    values = len(OUTPUTS)
    size = 40
    stages = "16,24 48,48 80"
    loss = "eye_loss"
    float_ends = True

    def add_data(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--data", type=Path, nargs="+", required=True, help=DATA)
        self._add_more(parser, "*", PEOPLE, f"drawn people to train on, {EACH} pictures each ({PEOPLE})")

    def add_measured(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--data", type=Path, required=True, help=DATA)
        self._add_more(parser, "", 0, "drawn people to measure gaze and states on (0)")

    def _add_more(self, parser: argparse.ArgumentParser, must: str, people: int, about: str) -> None:
        add_data(
            parser.add_argument,
            faces=f"{must}folder of annotated faces (points.npz and pictures)",
            masks=".npz of eyes with marked white, iris and pupil",
            glasses="folder of faces with and without dark glasses (labels.csv)",
            scenes="folder of scenes with annotated eyes (faces.json, faces/)",
        )
        parser.add_argument("--people", type=whole(0), default=people, help=about)

    def network(self, args: argparse.Namespace) -> Any:
        from convert.seeing import nets

        return nets.eyes(args.size, widths(args.stages), args.dropout)

    def sampler(self, args: argparse.Namespace, net: Any) -> Draw:
        from convert.seeing import eyes_data, eyes_draw, eyes_scenes, faces68

        faces = faces68.load(args.faces, "train")
        close, wide = (*args.data, None)[:2]
        marked = eyes_data.marked(faces)
        masks = eyes_data.masks(args.masks, "train") if args.masks else []
        groups: dict[str, Sequence[Piece | Eye]] = {
            "close": eyes_data.labelled(close, "train"),
            "wide": eyes_data.labelled(wide, "train") if wide else [],
            "marked": marked,
            "video": eyes_data.video(faces),
            "masks": masks,
            "low": eyes_data.low([*marked, *masks]),
            "glasses": [eye for eye, _ in eyes_data.glasses(args.glasses, "train")] if args.glasses else [],
            "scenes": eyes_scenes.to_learn_from(args.scenes) if args.scenes else [],
            "drawn": eyes_data.drawn(range(args.people), EACH),
        }
        return eyes_draw.sampler(groups, eyes_draw.no_eye(faces), args.size)

    def figures(self, model: Path, args: argparse.Namespace) -> dict[str, Any]:
        from convert.seeing import eyes_data, eyes_figures, figures

        eyes, visible = eyes_data.labelled(args.data, args.split), OUTPUTS.index("visible")
        told = figures.yes_or_no(model, eyes, ("open", "closed"), visible)
        return {**told, **eyes_figures.measure(model, args)}


TASK = Eyes()
