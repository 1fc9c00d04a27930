"""The whole picture of the simulated driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_edge.errors import MissingExtra

if TYPE_CHECKING:
    from fer_edge.core import Image
    from fer_edge.sources.sim.states import Pose


def load_photograph() -> Image:
    """The 512x512 BGR portrait. Raises MissingExtra without scikit-image."""
    try:
        from skimage import data
    except ImportError as error:
        raise MissingExtra("sim: needs scikit-image for the face; pip install 'fer-edge[demo]'") from error
    return cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)


class Scene:
    """Draws poses at 640x480."""

    def __init__(self, seed: int = 0) -> None:
        photograph = load_photograph()
        self._base = cv2.resize(photograph[0:300, 20:420], (640, 480), interpolation=cv2.INTER_CUBIC)
        self._seed = seed

    def draw(self, pose: Pose, number: int) -> Image:
        """The picture of ``pose``; ``number`` chooses the noise."""
        noise = np.random.default_rng((self._seed, number)).normal(0, 2, self._base.shape)
        return np.clip(self._base * (pose.light * (1 - pose.covered)) + noise, 0, 255).astype(np.uint8)
