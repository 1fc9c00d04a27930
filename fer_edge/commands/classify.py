"""Find every face in still pictures and classify its expression, with all probabilities.

example:
  fer-edge classify family.jpg --out annotated/
  fer-edge classify *.png --json
  fer-edge classify crowd.jpg --fast
  fer-edge classify fer2013/test/happy/*.png --cropped
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.commands import options
from fer_edge.commands.whole import VIDEOS
from fer_edge.core import Frame
from fer_edge.errors import FerEdgeError, UnavailableError, UsageError
from fer_edge.settings import MonitoringSettings, Settings

if TYPE_CHECKING:
    from fer_edge.core import Image, Signals


CROPPED_PX = 64
"""A picture no larger than this is a face cut out: FER2013's are 48 x 48."""


class UnreadablePicture(UnavailableError):
    """A file that is missing or no picture."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="JPEG, PNG, … files")
    parser.add_argument("--json", action="store_true", help="print one JSON object per picture")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write annotated copies into this folder")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--fast", action="store_true", help="one pass over the whole picture; misses small faces")
    # What is the default now; kept for scripts that say it.
    how.add_argument("--small", action="store_true", help=argparse.SUPPRESS)
    how.add_argument("--cropped", action="store_true", help="each picture is one cropped face (as in FER2013)")
    options.add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Classify each picture; a bad one is told and the others go on. 1 if some were bad, 69 if all."""
    from fer_edge.perception.confirmed import confirmed
    from fer_edge.perception.faces import make_finder
    from fer_edge.perception.landmarks import Landmarks
    from fer_edge.perception.reader import Perception
    from fer_edge.perception.tiles import Tiled, Whole

    settings = _settings(args)
    copies = _copies(args.images, args.out) if args.out else [None] * len(args.images)
    finder = make_finder(settings.perception)
    if not args.fast:
        finder = Tiled(confirmed(finder, Landmarks(runtime=settings.perception.runtime)), finder)
    whole = Perception(settings, finder=finder)
    # Of a face cut out it is known that it is one, however small.
    any_size = settings.perception.model_copy(update={"min_face": 1})
    cut_out = Perception(settings.model_copy(update={"perception": any_size}), finder=Whole())
    bad = 0
    for n, (path, copy) in enumerate(zip(args.images, copies, strict=True)):
        try:
            image = _read(path)
            cropped = args.cropped or max(image.shape[:2]) <= CROPPED_PX
            perception = cut_out if cropped else whole
            # A still has no past: an hour between them, so no face is taken for one of the last picture.
            signals = _numbered(perception.read(Frame(image, at=3600.0 * n, number=n)))
            _report(path, image, signals, as_json=args.json)
            if copy:
                _write(copy, image, signals)
        except UnreadablePicture as fault:
            sys.stderr.write(f"fer-edge: {fault}\n")
            bad += 1
    return FerEdgeError.exit_code if bad and bad < len(args.images) else UnavailableError.exit_code if bad else 0


def _numbered(signals: Signals) -> Signals:
    """Faces numbered from 1 in each picture, the same in the text and in the drawn copy."""
    people = tuple(replace(person, face=replace(person.face, track=n)) for n, person in enumerate(signals.people, 1))
    return replace(signals, people=people)


def _stretched(image: Image) -> Image:
    """8 bits of a picture of more: infrared cameras store 12 in 16, which as 16 are nearly black."""
    import numpy as np

    if image.dtype == np.uint8:
        return image
    least, most = float(image.min()), float(image.max())
    stretched: Image = ((image.astype(np.float32) - least) * (255 / max(most - least, 1e-9))).astype(np.uint8)
    return stretched


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

    if path.suffix.lower() in VIDEOS and path.is_file():
        raise UnreadablePicture(f"{path}: is a video, not a picture; use fer-edge replay {path}")
    how = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise UnreadablePicture(f"{path}: cannot be read ({fault.strerror}); check the name") from None
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), how) if content else None
    except cv2.error:
        raise UnreadablePicture(f"{path}: more than 67 megapixels, or damaged; reduce its size") from None
    if image is None:
        raise UnreadablePicture(f"{path}: not a picture that OpenCV can read; use JPEG, PNG, WebP, BMP or TIFF")
    return _stretched(image)


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
            raise UsageError(f"{copy}: is the picture itself; choose a different folder with --out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise UsageError(
            f"--out {folder}: cannot be created ({fault.strerror}); choose a folder you can write to"
        ) from None
    return copies


def _write(path: Path, image: Image, signals: Signals) -> None:
    import cv2

    from fer_edge import drawing

    _, encoded = cv2.imencode(".png", drawing.draw(image, signals))
    try:
        path.write_bytes(encoded.tobytes())
    except OSError as fault:
        raise UsageError(
            f"{path}: cannot be written ({fault.strerror}); choose a different folder with --out"
        ) from None
