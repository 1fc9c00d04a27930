"""``mean-face``: the solid shape of the average face, from flat photographs.

Factorization (Tomasi and Kanade 1992): under a distant camera all pictures of one rigid shape
span three dimensions. The 68 marked points of many faces give camera rows and the shape at once; rows
of equal length at right angles fix its proportions, symmetry and the nose fix how it stands.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from convert import files
from convert.seeing import faces68
from fer_edge.perception import pose, shape

DEPTH = 0.82
"""Of the depth that the factorization finds: lips, brows and jaws that move with the head's turn pass for depth.

The mean of MediaPipe's meshes of 1,200 photographs, scaled to the same eyes, has 0.82 of it at the points that poses
are read from. With all of it turns are read too small (docs/lab.md).
"""


def solve(points: np.ndarray, rounds: int = 8) -> np.ndarray:
    """(68, 3) average shape of (N, 68, 2) marked faces: x to the picture's right, y down, z towards the camera.

    Its mean is 0 and its root-mean-square radius 1.
    """
    flat = points - points.mean(axis=1, keepdims=True)
    flat = flat / np.sqrt((flat**2).sum(axis=2).mean(axis=1))[:, None, None]
    flat = np.concatenate([flat, _mirrored(flat)])
    rows = flat.transpose(0, 2, 1).reshape(-1, shape.MIRRORED.size)
    weights = np.ones(len(flat))
    for _ in range(rounds):
        cameras, solid = _factor(rows * np.repeat(weights, 2)[:, None])
        left = ((rows * np.repeat(weights, 2)[:, None] - cameras @ solid) ** 2).reshape(len(flat), -1).mean(axis=1)
        weights = np.where(left > 4 * np.median(left), 0.0, 1.0)
    return _level(_shallower(_stand(solid.T)), points[:: max(1, len(points) // 1000)])


def _mirrored(flat: np.ndarray) -> np.ndarray:
    return flat[:, shape.MIRRORED] * np.array([-1, 1])


def _factor(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    left, values, right = np.linalg.svd(rows, full_matrices=False)
    cameras, solid = left[:, :3] * values[:3], right[:3]
    # Find Q (3, 3, symmetric) with a·Q·a = b·Q·b and a·Q·b = 0 for every camera's two rows.
    a, b = cameras[0::2], cameras[1::2]
    equations = np.concatenate([_quadratic(a, a) - _quadratic(b, b), _quadratic(a, b)])
    # The sum of all lengths fixes the scale that the equations leave open.
    equations = np.vstack([equations, _quadratic(a, a).sum(axis=0)])
    right_side = np.append(np.zeros(len(equations) - 1), float(len(a)))
    q = np.linalg.lstsq(equations, right_side, rcond=None)[0]
    metric = np.array([[q[0], q[1], q[2]], [q[1], q[3], q[4]], [q[2], q[4], q[5]]])
    values, axes = np.linalg.eigh(metric)
    root = axes * np.sqrt(np.maximum(values, 1e-9))
    return cameras @ root, np.linalg.solve(root, solid)


def _quadratic(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    x, y, z = a.T
    u, v, w = b.T
    return np.stack([x * u, x * v + y * u, x * w + z * u, y * v, y * w + z * v, z * w], axis=1)


def _stand(solid: np.ndarray) -> np.ndarray:
    """Turn the shape so that it faces the camera upright, and make it symmetric."""
    solid = solid - solid.mean(axis=0)
    across = (solid[[45, 42, 54, 26, 16]] - solid[[36, 39, 48, 17, 0]]).sum(axis=0)
    down = solid[8] - solid[27]
    x = across / np.linalg.norm(across)
    y = down - x * (down @ x)
    y /= np.linalg.norm(y)
    z = np.cross(x, y)
    stood = solid @ np.stack([x, y, z], axis=1)
    if stood[30, 2] < stood[[36, 45], 2].mean():
        stood[:, 2] *= -1
    return (stood + stood[shape.MIRRORED] * np.array([-1, 1, 1])) / 2


def _shallower(solid: np.ndarray) -> np.ndarray:
    solid = solid * np.array([1.0, 1.0, DEPTH])
    return solid / np.sqrt((solid**2).sum(axis=1).mean())


def _level(solid: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Nod the shape so that the faces it was made from look straight ahead on average."""
    fit = pose.fit(solid)
    poses = [pose.estimate(face, fit) for face in points]
    pitch = np.radians(np.median([head.pitch for head in poses if head is not None]))
    cos, sin = np.cos(pitch), np.sin(pitch)
    return solid @ np.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]])


def add_arguments(parser: argparse.ArgumentParser, _task: None) -> None:
    """The options of ``mean-face``."""
    data = "folder with points.npz, or an .npz with images and points"
    parser.add_argument("--data", type=Path, required=True, help=data)
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")


def run(args: argparse.Namespace, _task: None) -> int:
    """Solve and write the shape as JSON."""
    solid = solve(faces68.load(args.data, "train").points.astype(np.float64))
    files.write_json(args.out, {"points": np.round(solid, 4).tolist()})
    print(f"{args.out}: nose {solid[30].round(3).tolist()}, right eye {solid[36].round(3).tolist()}", file=sys.stderr)
    return 0
