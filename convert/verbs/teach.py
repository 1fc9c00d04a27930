"""``teach``: ask YuNet for the faces and five points of a folder's pictures.

The answer is written once, as {file: [{box, points, score}]}, and used by the recipes of detector
and landmarks. YuNet (Wu, Peng and Yu 2023, MIT) is a teacher here, never a part of the product.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from convert import files
from convert.data.folders import find_pictures, read_picture
from convert.errors import DataError

LEAST_SCORE = 0.45
LONG_SIDE = 400
"""Pictures are brought to this long side, so that small faces in them are found too."""


def ask(net: cv2.FaceDetectorYN, picture: np.ndarray) -> list[dict[str, Any]]:
    """The faces of one picture, grey or RGB, in its own pixels."""
    picture = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR if picture.shape[-1] == 3 else cv2.COLOR_GRAY2BGR)
    scale = LONG_SIDE / max(picture.shape[:2])
    large = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    net.setInputSize((large.shape[1], large.shape[0]))
    rows = net.detect(large)[1]
    return [
        {
            "box": [round(float(v) / scale, 2) for v in row[:4]],
            "points": np.round(row[4:14].reshape(5, 2) / scale, 2).tolist(),
            "score": round(float(row[14]), 3),
        }
        for row in (rows if rows is not None else [])
    ]


def add_arguments(parser: argparse.ArgumentParser, _task: None) -> None:
    """The options of ``teach``."""
    parser.add_argument("folder", type=Path, help="folder of pictures")
    parser.add_argument("--yunet", type=Path, required=True, help="YuNet's ONNX file")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")


def run(args: argparse.Namespace, _task: None) -> int:
    """Ask for every picture of a folder."""
    if not args.yunet.is_file():
        raise DataError(f"{args.yunet}: no such file; give YuNet's ONNX file")
    found = find_pictures([args.folder])
    try:
        net = cv2.FaceDetectorYN.create(str(args.yunet), "", (320, 320), LEAST_SCORE)
        answers = {str(path.relative_to(args.folder)): ask(net, read_picture(path)) for path in found}
    except cv2.error:  # another network's file is refused at the first picture only
        raise DataError(f"{args.yunet}: not YuNet's ONNX file") from None
    files.write_json(args.out, answers)
    print(f"{args.out}: {len(found)} pictures", file=sys.stderr)
    return 0
