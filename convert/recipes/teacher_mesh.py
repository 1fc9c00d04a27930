"""What MediaPipe's face landmarker (Apache-2.0) says of the eyes of faces, to train the network of both eyes on.

    python -m convert.recipes.teacher_mesh face_landmarker.task --data DATA --out eyepairs.npz

Its mesh looks at every face of DATA (``landmarks/``, ``det/``, ``fer2013_train.npz``, ``fer2013_val.npz``) and at its
mirror image. Written are strips with both eyes (``images``) and the mean of both answers (``targets``), with ``split``
and ``source``. Of faces in ``convert/marks/eyes.csv`` a target stays within what somebody saw.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from convert.data.folders import read_grey
from convert.errors import DataError
from convert.files import read_arrays, read_json, replacing
from convert.seeing import eyepair_data, eyes_scenes, faces68, marks
from convert.seeing.mesh import CORNERS, Answer, Mesh
from convert.seeing.stills import Stills
from fer_edge.errors import FerEdgeError
from fer_edge.perception import shape

SURE, SURE_SMALL = 0.9, 0.97
"""Probability of a face from which the mesh is believed, and the same in the small pictures of FER2013."""
NEAREST = 13.0
"""Distance of the eyes, pixels, under which a scene's face is left out."""
ENLARGED = 4
"""Times that pictures of FER2013 are enlarged for the mesh."""
SEEN = {
    "shut": ((0.79, 1.0), (0.0, 0.02)),
    "lowered": ((0.0, 0.55), (0.09, 1.0)),
    "narrowed": ((0.0, 0.55), (0.09, 1.0)),
    "not shut": ((0.0, 0.58), (0.08, 1.0)),
    "open": ((0.0, 0.3), (0.0, 1.0)),
}
"""Least and most closure and gap, eye widths, of eyes that were marked so by looking at them."""


@dataclass(frozen=True)
class Row:
    """A strip, what the network is to say of it, and where it is from."""

    image: np.ndarray
    target: np.ndarray
    split: str
    source: str


def loose(points: np.ndarray) -> shape.Region:
    """The square in which a face with these 68 points is looked for first: they end at the brows."""
    low, high = points.min(axis=0), points.max(axis=0)
    x, y = (low + high) / 2
    return (float(x), float(y - 0.1 * (high[1] - low[1]))), 1.6 * float((high - low).max()), 0.0


def in_scene(mesh: Mesh, image: np.ndarray, points: np.ndarray) -> Answer | None:
    """What the mesh says of a face found with these 68 points; None of one too small, or that it does not see."""
    between = np.hypot(*(points[shape.RIGHT_EYE].mean(axis=0) - points[shape.LEFT_EYE].mean(axis=0)))
    told = mesh(image, loose(points)) if between >= NEAREST else None
    return told if told and told.sure >= SURE else None


def in_small(mesh: Mesh, image: np.ndarray) -> Answer | None:
    """What it says of a small face that fills its square picture, in that picture's pixels; None: it sees none."""
    large = cv2.resize(image, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    middle = (len(large) - 1) / 2
    told = mesh(large, ((middle, middle), 1.35 * len(large), 0.0))
    points, mirrored = ((found + 0.5) / ENLARGED - 0.5 for found in (told.points, told.mirrored))
    return replace(told, points=points, mirrored=mirrored) if told.sure >= SURE_SMALL else None


def landmarks(mesh: Mesh, folder: Path) -> Iterator[Row]:
    """Marked photographs and frames of video, split by person."""
    for split in ("train", "val"):
        faces = faces68.load(folder, split)
        for image, points, source in zip(faces.images, faces.points, faces.source, strict=True):
            told = mesh(image, loose(points))
            if told.sure >= SURE:
                target = eyepair_data.target(told.closures, told.gaps)
                yield Row(eyepair_data.around(image, points), target, split, str(source))


def scenes(mesh: Mesh, folder: Path, table: Path = eyes_scenes.TABLE) -> Iterator[Row]:
    """Faces in scenes, found as the product finds them; what somebody saw limits what the mesh may say."""
    stills, known = Stills(), marks.read(table, "eyes", eyes_scenes.TARGETS)
    for name, entry in read_json(folder / "faces.json").items():
        image = read_grey(folder / "faces" / name)
        here = [mark for mark in known if mark.file == name]
        for points in stills.points(image):
            word = next((mark.word for mark in here if marks.is_of(mark, points)), "")
            if word != "none" and (told := in_scene(mesh, image, points)):
                closures, gaps = SEEN.get(word, ((0.0, 1.0), (0.0, 1.0)))
                target = eyepair_data.target(np.clip(told.closures, *closures), np.clip(told.gaps, *gaps))
                yield Row(eyepair_data.around(image, points), target, entry["split"], "scenes")


def fer2013(mesh: Mesh, file: Path) -> Iterator[Row]:
    """Small faces that fill their picture."""
    for image in read_arrays(file, "images")["images"]:
        if told := in_small(mesh, image):
            points = np.zeros((68, 2), np.float32)  # the strip is found by two of them
            points[[36, 45]] = told.points[list(CORNERS)]
            target = eyepair_data.target(told.closures, told.gaps)
            yield Row(eyepair_data.around(image, points), target, file.stem.removeprefix("fer2013_"), "fer2013")


KINDS: dict[str, Callable[[Mesh, Path], Iterator[Row]]] = {
    "landmarks": landmarks,
    "det": scenes,
    "fer2013_train.npz": fer2013,
    "fer2013_val.npz": fer2013,
}
"""What of a folder of data is looked at."""


def rows(mesh: Mesh, data: Path) -> Iterator[Row]:
    """All faces of a folder. Raises DataError where none of :data:`KINDS` is in it."""
    there = [name for name in KINDS if (data / name).exists()]
    if not there:
        raise DataError(f"{data}: has none of {', '.join(KINDS)}")
    for name, faces in KINDS.items():
        found = 0
        for row in faces(mesh, data / name) if name in there else ():
            found += 1
            yield row
        print(f"{data / name}: {f'{found} faces' if name in there else 'not there'}", file=sys.stderr)


def main(arguments: list[str]) -> int:
    """Write the strips and their targets; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m convert.recipes.teacher_mesh")
    parser.add_argument("task", type=Path, help="MediaPipe's face_landmarker.task")
    parser.add_argument("--data", type=Path, required=True, help="folder with landmarks/, det/, fer2013_*.npz")
    parser.add_argument("--out", type=Path, required=True, help="the .npz to write")
    args = parser.parse_args(arguments)
    try:
        found = list(rows(Mesh(args.task), args.data))
        if not found:
            raise DataError(f"{args.data}: the mesh sees no face in it")
    except FerEdgeError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    with replacing(args.out) as beside:
        np.savez_compressed(
            beside,
            images=np.stack([row.image for row in found]),
            targets=np.stack([row.target for row in found]),
            split=np.array([row.split for row in found]),
            source=np.array([row.source for row in found]),
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
