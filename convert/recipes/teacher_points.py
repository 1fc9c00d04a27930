"""Faces with 68 points to train the landmark network on, most of them as MediaPipe's face mesh (Apache-2.0) sees them.

    python -m convert.recipes.teacher_points face_landmarker.task --data DATA --out told.npz

Where the 68 points lie in a mesh is learned from the marked photographs of DATA (``landmarks/``: Helen and AFW). Then
the mesh looks at the faces of ``det/`` and at ``fer2013_train.npz``, those that are there, and at their mirror images;
the mean of both answers is written (``images``, ``points``, ``source``) for heads that are not far turned, beside the
marked faces with their own marks. Marks that lie aside of what they mark on the whole are moved: mirrored pictures
would teach the opposite. Only training parts are looked at; the error on held-out photographs is printed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convert.data.folders import read_grey
from convert.errors import DataError
from convert.files import read_arrays, read_json, replacing
from convert.recipes.teacher_mesh import SURE, in_scene, in_small, loose
from convert.seeing import faces68
from convert.seeing.mesh import CORNERS, Answer, Mesh
from convert.seeing.stills import Stills
from fer_edge.errors import FerEdgeError
from fer_edge.perception import pose, shape, warp
from fer_edge.perception.landmarks import Landmarks

MARKED = ("helen", "afw")
"""Photographs whose marks say where the points lie: frames of YouTube Faces are marked in another way."""
FARTHEST_YAW, LOWEST_PITCH = 26.0, -5.0
"""Turns in degrees, as the landmark network that ships sees them, beyond which the map, learned from few such heads,
tells too small ones."""
STIFFNESS = 0.1
"""Ridge of the map, in squares of the distance of the eyes' outer corners."""
SIDE, ROOM = 128, 1.35
"""Side of a written picture in pixels, and in sides of the square that the network takes."""


@dataclass(frozen=True)
class Told:
    """A grey picture (128, 128) uint8, its points (68, 2) in pixels, and where it is from."""

    image: np.ndarray
    points: np.ndarray
    source: str


class Map:
    """A linear map from the 478 points of a mesh to the 68 of the 300-W markup, by ridge regression.

    Position, size and turn are those of the eyes' outer corners, so a small or tilted face is mapped like any other.
    """

    def __init__(self, meshes: np.ndarray, points: np.ndarray) -> None:
        """From (N, 478, 2) and the marked (N, 68, 2), in pixels of the same pictures."""
        frames = [_frame(mesh) for mesh in meshes]
        known = np.stack([_within(mesh, *frame).ravel() for mesh, frame in zip(meshes, frames, strict=True)])
        wanted = np.stack([_within(face, *frame).ravel() for face, frame in zip(points, frames, strict=True)])
        self._mean, self._base = known.mean(axis=0), wanted.mean(axis=0)
        apart = known - self._mean
        own = apart.T @ apart + STIFFNESS * np.eye(apart.shape[1])
        self._weights = np.linalg.solve(own, apart.T @ (wanted - self._base))

    def __call__(self, mesh: np.ndarray) -> np.ndarray:
        """The 68 points (68, 2) float32 of a mesh (478, 2)."""
        middle, axes = _frame(mesh)
        told = (_within(mesh, middle, axes).ravel() - self._mean) @ self._weights + self._base
        return (told.reshape(-1, 2) @ axes + middle).astype(np.float32)

    def both(self, answer: Answer, width: int) -> np.ndarray:
        """The mean of what the mesh says of a picture so many pixels wide and of its mirror image."""
        return (self(answer.points) + mirrored(self(answer.mirrored), width)) / 2


def mirrored(points: np.ndarray, width: int) -> np.ndarray:
    """The 68 points of a picture so many pixels wide in its mirror image."""
    return (points * [-1, 1] + [width - 1, 0])[shape.MIRRORED].astype(np.float32)


def _frame(mesh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middle between the outer corners of the eyes, and the axes along and across their line, of its length."""
    right, left = mesh[list(CORNERS)].astype(float)
    along = left - right
    return (right + left) / 2, np.array([along, [-along[1], along[0]]])


def _within(points: np.ndarray, middle: np.ndarray, axes: np.ndarray) -> np.ndarray:
    return (points - middle) @ axes.T / (axes[0] @ axes[0])


class Marked:
    """Marked faces of a split from some sources that the mesh sees. Raises DataError where there are none."""

    def __init__(self, mesh: Mesh, folder: Path, split: str, sources: tuple[str, ...] = MARKED) -> None:
        faces = faces68.subset(faces68.load(folder, split), sources)
        answers = [mesh(image, loose(points)) for image, points in zip(faces.images, faces.points, strict=True)]
        sure = [n for n, answer in enumerate(answers) if answer.sure >= SURE]
        if not sure:
            raise DataError(f"{folder}: the mesh sees no face ({split}) from {' and '.join(sources)}")
        self.faces, self.answers = faces.where(np.array(sure)), [answers[n] for n in sure]
        self.width = faces.images.shape[2]

    def told(self, to_points: Map) -> Iterator[Told]:
        """The faces with their marks moved; says by how much."""
        marks = self.marks(to_points)
        names, right = " and ".join(sorted(set(self.faces.source))), (self.faces.points - marks)[..., 0].mean()
        print(f"marks of {names} lie {right:.2f} pixels to the right of what they mark", file=sys.stderr)
        for image, points, source in zip(self.faces.images, marks, self.faces.source, strict=True):
            yield Told(image, points, str(source))

    def map(self) -> Map:
        """The map learned from them."""
        return Map(np.stack([answer.points for answer in self.answers]), self.faces.points)

    def marks(self, to_points: Map) -> np.ndarray:
        """The marks (N, 68, 2), moved by how far they lie aside of what they mark.

        The map has learned that, too, and says the opposite of a mirror image.
        """
        straight = np.stack([to_points(answer.points) for answer in self.answers])
        both = np.stack([to_points.both(answer, self.width) for answer in self.answers])
        aside = (straight - both).mean(axis=(0, 1))
        return self.faces.points - aside

    def error(self, to_points: Map) -> float:
        """NME of the map, marks moved."""
        off = [
            np.hypot(*(to_points.both(answer, self.width) - face).T).mean() / np.hypot(*(face[36] - face[45]))
            for answer, face in zip(self.answers, self.marks(to_points), strict=True)
        ]
        return float(np.mean(off))


def others(mesh: Mesh, folder: Path) -> Iterator[Told]:
    """Faces that are marked in another way, source by source: each has a map of its own."""
    for source in sorted(set(faces68.load(folder, "train").source) - set(MARKED)):
        marked = Marked(mesh, folder, "train", (str(source),))
        yield from marked.told(marked.map())


def scenes(mesh: Mesh, to_points: Map, folder: Path) -> Iterator[Told]:
    """Faces in scenes, found as the product finds them."""
    stills, network = Stills(), Landmarks()
    for name, entry in read_json(folder / "faces.json").items():
        if entry["split"] != "train":
            continue
        image = read_grey(folder / "faces" / name)
        for points in stills.points(image):
            if answer := in_scene(mesh, image, points):
                yield from _cut(network, image, to_points.both(answer, image.shape[1]), "scenes")


def fer2013(mesh: Mesh, to_points: Map, file: Path) -> Iterator[Told]:
    """Small faces that fill their picture, every second one."""
    network = Landmarks()
    for image in read_arrays(file, "images")["images"][::2]:
        if answer := in_small(mesh, image):
            yield from _cut(network, image, to_points.both(answer, image.shape[1]), "fer2013")


def _cut(network: Landmarks, image: np.ndarray, points: np.ndarray, source: str) -> Iterator[Told]:
    """The surroundings of a face, upright as it stands in the picture; nothing of a head that is turned too far."""
    head = pose.estimate(network.read(image, shape.face_region(points)).points)
    if head is not None and abs(head.yaw) <= FARTHEST_YAW and head.pitch >= LOWEST_PITCH:
        middle, side, _ = shape.face_region(points)
        matrix = warp.upright(middle, ROOM * side, 0.0, SIDE)
        yield Told(warp.cut(image, matrix, SIDE), points @ matrix[:, :2].T + matrix[:, 2], source)


KINDS: dict[str, Callable[[Mesh, Map, Path], Iterator[Told]]] = {
    "det": scenes,
    "fer2013_train.npz": fer2013,
}
"""What of a folder of data is told by the mesh."""


def main(arguments: list[str]) -> int:
    """Write the faces and their points; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m convert.recipes.teacher_points")
    parser.add_argument("task", type=Path, help="MediaPipe's face_landmarker.task")
    parser.add_argument("--data", type=Path, required=True, help="folder with landmarks/, det/, fer2013_train.npz")
    parser.add_argument("--out", type=Path, required=True, help="the .npz to write")
    args = parser.parse_args(arguments)
    try:
        mesh = Mesh(args.task)
        marked = Marked(mesh, args.data / "landmarks", "train")
        to_points = marked.map()
        held = Marked(mesh, args.data / "landmarks", "val")
        print(f"{len(held.answers)} held-out photographs: NME {held.error(to_points):.2%}", file=sys.stderr)
        found = [*marked.told(to_points), *others(mesh, args.data / "landmarks")]
        for name, faces in KINDS.items():
            before = len(found)
            found += faces(mesh, to_points, args.data / name) if (args.data / name).exists() else ()
            print(f"{args.data / name}: {len(found) - before} faces", file=sys.stderr)
    except FerEdgeError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    with replacing(args.out) as beside:
        np.savez_compressed(
            beside,
            images=np.stack([face.image for face in found]),
            points=np.stack([face.points for face in found]).astype(np.float32),
            source=np.array([face.source for face in found]),
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
