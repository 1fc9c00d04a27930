"""fer-edge: driver monitoring on a small computer."""

import os

__version__ = "0.2.0"

# OpenCV reads these when it is first loaded, wherever that happens; a person may set others.
# stderr is ours: one line a fault. And 2 s instead of 10 s in V4L2's select(): a camera that
# stopped can be opened again that much sooner.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "2")
# A JPEG of some hundred KB can unpack to 3 GB. OpenCV looks at the size before it unpacks: 67 megapixels at most,
# twice the largest camera that can be set.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 26))
