"""Marked faces turned further than photographs show them: to the side, up and down.

The marked points get their depth from the average solid face, the picture is cut into triangles
between them, and the triangles are drawn where a turn of the head takes their corners, the
farthest first (as in Zhu et al. 2016, with the average face in place of a fitted one). Of the
photographs at hand one in ten shows a head turned by more than 25 degrees.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from convert.seeing.faces68 import MarkedFaces
from fer_edge.perception import pose

YAW, PITCH = 55.0, 30.0
"""The farthest turns drawn, degrees."""
FARTHEST = 40.0, 22.0
"""The most that is added to a photograph's own yaw and pitch, degrees: more tears the cheeks."""
BEHIND = 0.9
"""The head turns about a point so far behind the middle of its face, in root-mean-square radii."""
FAR_SIDE = 12.0
"""From this yaw, in degrees, the far cheek hides its side of the jaw, and where it is is not told."""


@dataclass(frozen=True)
class Turned:
    """A picture (H, W) uint8, its points (68, 2) in pixels, and which of them the face itself hides."""

    image: np.ndarray
    points: np.ndarray
    hidden: np.ndarray


def many(faces: MarkedFaces, copies: dict[str, float], seed: int) -> list[Turned]:
    """Turned copies of each face, as many as ``copies`` says for its source (a share of one is a chance)."""
    made = []
    for index, source in enumerate(faces.source):
        rng = np.random.default_rng((seed, index))
        count = int(copies.get(str(source), 1.0) + rng.random())
        made += [turned(faces.images[index], faces.points[index], rng) for _ in range(count)]
    return [face for face in made if face is not None]


def turned(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> Turned | None:
    """The face turned at random, away from the camera; None where the points make no face."""
    now = pose.estimate(points)
    if now is None:
        return None
    side = np.sign(now.yaw) if abs(now.yaw) > 8 else rng.choice((-1.0, 1.0))
    yaw = float(side * rng.uniform(min(max(abs(now.yaw), 10), YAW), YAW)) - now.yaw
    pitch = float(np.clip(rng.normal(-4, 17), -PITCH, PITCH)) - now.pitch
    yaw, pitch = (float(np.clip(turn, -most, most)) for turn, most in zip((yaw, pitch), FARTHEST, strict=True))
    depth, unit = _depth(points)
    mesh, anchors = _mesh(points, depth, unit, image.shape)
    moved = mesh.copy()
    moved[:-anchors] = _rotated(mesh[:-anchors], np.append(points.mean(axis=0), -BEHIND * unit), yaw, pitch)
    hidden = np.zeros(len(points), bool)
    if abs(now.yaw + yaw) > FAR_SIDE:
        hidden[slice(9, 17) if now.yaw + yaw > 0 else slice(0, 8)] = True
    return Turned(_drawn(image, mesh[:, :2], moved), moved[: len(points), :2].astype(np.float32), hidden)


@cache
def _solid() -> np.ndarray:
    return np.array(json.loads(pose.MEAN_FACE.read_text("utf-8"))["points"])


def _depth(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Pixels that each point lies nearer to the camera than their middle, and one radius in pixels."""
    solid = _solid()
    rigid = sorted(pose.WEIGHTS)
    known = np.hstack([solid[rigid], np.ones((len(rigid), 1))])
    across, down = np.linalg.lstsq(known, points[rigid].astype(float), rcond=None)[0][:3].T
    unit = float(np.sqrt(np.linalg.norm(across) * np.linalg.norm(down)))
    return solid @ np.cross(across, down) / max(unit, 1e-6), unit


def _mesh(points: np.ndarray, depth: np.ndarray, unit: float, shape: tuple[int, ...]) -> tuple[np.ndarray, int]:
    """(n, 3) corners: the points, forehead, head around them, and last the picture's edge, which stays; its count."""
    face = np.column_stack([points, depth])
    up = points[27] - points[8]
    up = up / max(float(np.hypot(*up)), 1e-6)
    forehead = face[17:27] + np.append(up * 0.6 * unit, -0.1 * unit)
    oval = np.vstack([face[:17], forehead[::-1]])
    middle = face.mean(axis=0)
    around = middle + (oval - middle) * 1.3
    around[:, 2] = oval[:, 2] - 0.4 * unit
    height, width = shape[:2]
    edge = [(x, y, -3 * unit) for x in (0, width / 2, width - 1) for y in (0, height / 2, height - 1)]
    del edge[4]
    return np.vstack([face, forehead, around, edge]), len(edge)


def _rotated(corners: np.ndarray, about: np.ndarray, yaw: float, pitch: float) -> np.ndarray:
    """Corners after a turn: positive yaw to the right of the picture, positive pitch up."""
    (x, y, z), turn, nod = (corners - about).T, np.deg2rad(yaw), np.deg2rad(pitch)
    x, z = x * np.cos(turn) + z * np.sin(turn), z * np.cos(turn) - x * np.sin(turn)
    y, z = y * np.cos(nod) - z * np.sin(nod), z * np.cos(nod) + y * np.sin(nod)
    return np.column_stack([x, y, z]) + about


def _drawn(image: np.ndarray, source: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """The picture with each triangle of the mesh where its corners have gone, the nearest on top."""
    height, width = image.shape
    triangles = _triangles(source)
    triangles = triangles[np.argsort(moved[triangles, 2].mean(axis=1))]
    goals = np.concatenate([moved[triangles, :2], np.ones((len(triangles), 3, 1))], axis=2)
    flat = np.abs(np.linalg.det(goals)) < 1e-6
    triangles, goals = triangles[~flat], goals[~flat]
    back = np.linalg.solve(goals, source[triangles]).astype(np.float32)
    shown = np.full((height, width), -1.0, np.float32)
    for number, corners in enumerate(goals):
        cv2.fillConvexPoly(shown, np.round(corners[:, :2]).astype(np.int32), float(number))
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    where = np.stack([columns, rows], axis=-1)
    inside = shown >= 0
    turns = back[shown[inside].astype(int)]
    where[inside] = np.einsum("nc,nck->nk", where[inside], turns[:, :2]) + turns[:, 2]
    return cv2.remap(image, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _triangles(corners: np.ndarray) -> np.ndarray:
    """Delaunay triangles (n, 3) of corners (m, 2), as indices."""
    low, high = corners.min(axis=0) - 8, corners.max(axis=0) + 8
    made = cv2.Subdiv2D((int(low[0]), int(low[1]), int(high[0] - low[0]) + 1, int(high[1] - low[1]) + 1))
    place: dict[int, int] = {}
    for index, corner in enumerate(corners):
        place.setdefault(made.insert((float(corner[0]), float(corner[1]))), index)
    found = []
    for edge in made.getLeadingEdgeList():
        around = [made.edgeOrg(int(e))[0] for e in _ring(made, int(edge))]
        found.append([place.get(vertex, -1) for vertex in around])
    chosen = np.array(found)
    return chosen[(chosen >= 0).all(axis=1)]


def _ring(made: cv2.Subdiv2D, edge: int) -> tuple[int, int, int]:
    second = made.getEdge(edge, cv2.SUBDIV2D_NEXT_AROUND_LEFT)
    return edge, second, made.getEdge(second, cv2.SUBDIV2D_NEXT_AROUND_LEFT)
