"""The window into the daemon keeps no picture that nobody looks at."""

from __future__ import annotations

import threading
from time import sleep

import numpy as np

from fer_edge.core import DriverState, Signals
from fer_edge.pipeline import Step
from fer_edge.service.viewer import Viewer
from fer_edge.sources.orient import Orient
from fer_edge.sources.picture import Picture


def test_a_frame_that_comes_as_the_last_one_leaves_is_not_kept() -> None:
    viewer = Viewer()
    frame = Orient().frame(Picture(np.zeros((24, 32, 3), np.uint8)), 1.0, 1)
    step = Step(Signals(1.0, 1), DriverState(1.0), ())
    looks = viewer.looking()
    looks.__enter__()
    with viewer._changed:
        daemon = threading.Thread(target=viewer.show, args=(frame, step))
        daemon.start()
        sleep(0.1)  # it waits for the window, if it has come so far
        looks.__exit__(None, None, None)
    daemon.join()
    assert viewer._latest is None
