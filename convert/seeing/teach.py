"""``python -m convert.seeing.teach``: ask YuNet for the faces and five points of a folder's pictures.

The answer is written once, as {file: [{box, points, score}]}, and used by the recipes of detector
and landmarks. YuNet (Wu, Peng and Yu 2023, MIT) is a teacher here, never a part of the product.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

from convert import files
from convert.errors import DataError
from fer_edge.errors import FerEdgeError

LEAST_SCORE = 0.45
LONG_SIDE = 400
"""Pictures are brought to this long side, so that small faces in them are found too."""


def ask(net: cv2.FaceDetectorYN, picture: np.ndarray) -> list[dict]:
    """The faces of one BGR picture in its own pixels."""
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


def main() -> int:
    """Ask for every picture of a folder."""
    parser = argparse.ArgumentParser(prog="python -m convert.seeing.teach", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of pictures")
    parser.add_argument("--yunet", type=Path, required=True, help="YuNet's ONNX file")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    args = parser.parse_args()
    try:
        if not args.yunet.is_file():
            raise DataError(f"{args.yunet}: no such file; give YuNet's ONNX file")
        net = cv2.FaceDetectorYN.create(str(args.yunet), "", (320, 320), LEAST_SCORE)
        names = sorted(p for p in args.folder.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
        files.write_json(args.out, {path.name: ask(net, cv2.imread(str(path))) for path in names})
    except FerEdgeError as fault:
        print(f"teach: {fault}", file=sys.stderr)
        return fault.exit_code
    print(f"{len(names)} pictures: {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
