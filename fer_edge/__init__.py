"""fer-edge: driver monitoring on a small computer.

From Python, every event of a video as it comes (:mod:`fer_edge.core` has the words for what is told)::

    from fer_edge.monitoring import Monitor
    from fer_edge.perception.reader import Perception
    from fer_edge.pipeline import Pipeline, opened
    from fer_edge.settings import Settings
    from fer_edge.sources import make_source

    settings = Settings()
    pipeline = Pipeline(Perception(settings), Monitor(settings))
    with opened(make_source("drive.mp4", settings.camera, paced=False)) as frames:
        for frame in frames:
            for event in pipeline.step(frame).events:
                print(event.at, event.event_type, event.phase, event.held_s)
"""

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
