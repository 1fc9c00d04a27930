"""Find every face in still pictures and tell its expression, with all probabilities.

example:
  fer-edge classify family.jpg --out annotated/
  fer-edge classify *.png --json
  fer-edge classify crowd.jpg --small
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.commands import options
from fer_edge.core import Frame
from fer_edge.errors import FerEdgeError, UnavailableError, UsageError
from fer_edge.settings import MonitoringSettings, Settings

if TYPE_CHECKING:
    from fer_edge.core import Image, Signals


class UnreadablePicture(UnavailableError):
    """A file that is missing or no picture."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="JPEG, PNG, … files")
    parser.add_argument("--json", action="store_true", help="one JSON object a picture on stdout")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write annotated copies into this folder")
    parser.add_argument("--small", action="store_true", help="look for small faces, too: slower, wrong more often")
    options.add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Classify each picture; a bad one is told and the others go on. 1 if some were bad, 69 if all."""
    from fer_edge.perception.faces import make_finder
    from fer_edge.perception.reader import Perception
    from fer_edge.perception.tiles import Tiled

    settings = _settings(args)
    copies = _copies(args.images, args.out) if args.out else [None] * len(args.images)
    finder = make_finder(settings.perception)
    perception = Perception(settings, finder=Tiled(finder) if args.small else finder)
    bad = 0
    for n, (path, copy) in enumerate(zip(args.images, copies, strict=True)):
        try:
            image = _read(path)
            # A still has no past: an hour between them, so no face is taken for one of the last picture.
            signals = perception.read(Frame(image, at=3600.0 * n, number=n))
            _report(path, image, signals, as_json=args.json)
            if copy:
                _write(copy, image, signals)
        except UnreadablePicture as fault:
            sys.stderr.write(f"fer-edge: {fault}\n")
            bad += 1
    return FerEdgeError.exit_code if bad and bad < len(args.images) else UnavailableError.exit_code if bad else 0


def _settings(args: argparse.Namespace) -> Settings:
    """Those given, but for a still: every face in it, unless --set says how many, and nobody watched over time."""
    settings = options.settings(args)
    perception = settings.perception
    if not any(given.startswith("perception.max_people=") for given in args.set):
        perception = perception.model_copy(update={"max_people": sys.maxsize})
    changes = {"profile": "kiosk", "perception": perception, "monitoring": MonitoringSettings()}
    return settings.model_copy(update=changes)


def _read(path: Path) -> Image:
    import cv2
    import numpy as np

    try:
        content = path.read_bytes()
    except OSError as fault:
        raise UnreadablePicture(f"{path}: cannot be read ({fault.strerror}); check the name") from None
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    except cv2.error:
        raise UnreadablePicture(f"{path}: more than 67 megapixels, or damaged; make it smaller") from None
    if image is None:
        raise UnreadablePicture(f"{path}: not a picture OpenCV can read; give a JPEG, PNG, WebP, BMP or TIFF")
    decoded: Image = image
    return decoded


def _report(path: Path, image: Image, signals: Signals, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(as_dict(path, image, signals), ensure_ascii=False) + "\n")
        return
    if not signals.people:
        sys.stdout.write(f"{path}: no face\n")
    for n, person in enumerate(signals.people, 1):
        box = person.face.box
        where = f"{path}: face {n} at {box.x:.0f},{box.y:.0f} {box.width:.0f}x{box.height:.0f}"
        ranked = sorted((person.emotions or {}).items(), key=lambda item: -item[1])
        sys.stdout.write(where + "".join(f"  {name} {share:.2f}" for name, share in ranked) + "\n")


def as_dict(path: Path, image: Image, signals: Signals) -> dict[str, Any]:
    """One picture's result as plain data."""
    return {
        "image": str(path),
        "width": image.shape[1],
        "height": image.shape[0],
        "faces": [
            {
                "box": [round(v) for v in (p.face.box.x, p.face.box.y, p.face.box.width, p.face.box.height)],
                "score": round(p.face.score, 3),
                "emotions": None if p.emotions is None else {k: round(v, 4) for k, v in p.emotions.items()},
            }
            for p in signals.people
        ],
    }


def _copies(images: list[Path], folder: Path) -> list[Path]:
    """A file for each picture's copy, no two the same (a/x.jpg, b/x.jpg) and none of them a picture given."""
    copies: list[Path] = []
    for image in images:
        names = chain([image.stem], (f"{image.stem}-{n}" for n in count(1)))
        copies.append(next(copy for name in names if (copy := folder / f"{name}.png") not in copies))
    for copy in filter(Path.exists, copies):
        if any(image.exists() and copy.samefile(image) for image in images):
            raise UsageError(f"{copy}: is the picture itself; name another folder with --out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise UsageError(f"--out {folder}: cannot be made ({fault.strerror}); name a folder you may write to") from None
    return copies


def _write(path: Path, image: Image, signals: Signals) -> None:
    import cv2

    from fer_edge import drawing

    _, encoded = cv2.imencode(".png", drawing.draw(image, signals))
    try:
        path.write_bytes(encoded.tobytes())
    except OSError as fault:
        raise UsageError(f"{path}: cannot be written ({fault.strerror}); name another folder with --out") from None
