"""``faces``: the faces in any pictures, cut as the product cuts them: what ``train --unlabelled`` takes.

Pictures of the camera and the seat that a model will work with need no labels: its teachers say what they
show. A sheet of some of the faces stands beside the file, to be looked at before anything is trained.
Faces that a network is to be measured on are left out by what they look like: the same picture often stands
in other data under another name.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from convert import plots
from convert.arguments import whole
from convert.data.folders import find_pictures, read_grey
from convert.errors import DataError
from convert.files import replacing
from convert.progress import Progress
from fer_edge.perception import shape, warp
from fer_edge.perception.confirmed import confirmed
from fer_edge.perception.faces import make_finder
from fer_edge.perception.landmarks import Landmarks
from fer_edge.perception.people import People
from fer_edge.settings import Settings
from fer_edge.timing import NoStages

SHOWN, COLUMNS = 120, 12
"""Faces on the sheet, and in one of its rows."""
COARSE, SAME = 16, 0.96
"""Side, in pixels, to which cut faces are brought to be compared, and the correlation from which they are one picture.

Photographs that two sets hold in different crops and sizes have 0.97 and more; of different ones, the most alike 0.95.
"""


def cut_faces(files: Sequence[Path], size: int, least: int, progress: Progress) -> Iterator[NDArray[np.uint8]]:
    """Every face of these pictures, (size, size) uint8, upright and framed as for the expression network.

    Faces of which fewer than ``least`` x ``least`` pixels would be shown are left out. Raises DataError
    naming the file that is no picture.
    """
    seen = Settings().perception
    landmarks = Landmarks()
    people = People(confirmed(make_finder(seen), landmarks), landmarks, seen.min_face, NoStages())
    for number, file in enumerate(files):
        grey = read_grey(file)
        # A picture a minute: none of them is taken for the last one's face.
        for face in people.find(grey, None, 60.0 * number):
            points = people.points(grey, face)
            if points is None:
                continue
            centre, side, angle = shape.expression_region(points)
            if side >= least:
                yield warp.cut(grey, warp.upright(centre, side, angle, size), size)
        progress.step(file.name)


def unlike(faces: Sequence[NDArray[np.uint8]], others: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """Those faces that are none of the others, whatever picture they were cut from."""
    if not others:
        return list(faces)
    known = np.stack([_coarse(face) for face in others])
    return [face for face in faces if (known @ _coarse(face)).max() < SAME]


def _coarse(face: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A face as a vector whose product with another's is their correlation."""
    small = cv2.resize(face, (COARSE, COARSE), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    small -= small.mean()
    return small / max(float(np.linalg.norm(small)), 1e-6)


def write(faces: Sequence[NDArray[np.uint8]], out: Path) -> None:
    """The faces as ``images`` (N, size, size) uint8 of an .npz, and a sheet of some of them beside it."""
    images = np.stack(faces)
    with replacing(out) as beside:
        np.savez_compressed(beside, images=images)
    chosen = np.sort(np.random.default_rng(0).permutation(len(images))[:SHOWN])
    plots.sheet(out.with_suffix(".png"), list(images[chosen]), [str(row) for row in chosen], COLUMNS)


def add_arguments(parser: argparse.ArgumentParser, _task: None) -> None:
    """The options of ``faces``."""
    parser.add_argument("pictures", type=Path, nargs="+", help="pictures, or folders of them")
    parser.add_argument("--out", type=Path, required=True, help="the .npz to write")
    parser.add_argument("--size", type=whole(), default=48, help="side of the faces in pixels")
    left_out = "CSV whose column `file` names pictures to leave out, under other names, too: annotated ones"
    parser.add_argument("--except", type=Path, dest="left_out", metavar="TABLE", help=left_out)
    parser.add_argument("--least", type=whole(), default=40, help="smallest face used, in pixels of the picture")


def run(args: argparse.Namespace, _task: None) -> int:
    """Cut them; says how many faces were found in how many pictures."""
    if args.out.suffix != ".npz":
        raise DataError(f"--out {args.out}: the name must end in .npz")
    own = args.out.with_suffix(".png").resolve()  # the sheet of an earlier run
    left_out = _named(args.left_out) if args.left_out else set()
    found = find_pictures(args.pictures)
    found = [file for file in found if file.resolve() != own]
    files = [file for file in found if file.name not in left_out]
    progress = Progress(len(found))
    named = list(cut_faces([file for file in found if file.name in left_out], args.size, 1, progress))
    seen = list(cut_faces(files, args.size, args.least, progress))
    faces = unlike(seen, named)
    alike = len(seen) - len(faces)
    if alike and not faces:
        raise DataError(f"--except {args.left_out}: nothing is left; all {alike} faces are in the named pictures, too")
    if alike:
        progress.line(f"{args.left_out}: {alike} faces of other pictures are left out; they are in the named ones, too")
    if not faces:
        raise DataError(f"no face of {args.least} pixels in {len(files)} pictures; try --least")
    write(faces, args.out)
    progress.line(f"{args.out}: {len(faces)} faces of {len(files)} pictures")
    return 0


def _named(table: Path) -> set[str]:
    """The files that a table names. Raises DataError where it names none."""
    try:
        with table.open(encoding="utf-8", newline="") as rows:
            named = {row["file"] for row in csv.DictReader(rows)}
    except (OSError, KeyError, UnicodeDecodeError) as error:
        raise DataError(f"--except {table}: not a CSV with a column `file` ({error})") from None
    return named
