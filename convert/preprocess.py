"""How grey levels become a network's input: written in its card, read by everything that runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.errors import ModelError

SCALINGS = {"signed": (1 / 128, -1.0), "unit": (1 / 255, 0.0), "raw": (1.0, 0.0)}
"""Input = level * scale + offset: -1 to 1 (int8: level - 128), 0 to 1, or 0 to 255."""


@dataclass(frozen=True, slots=True)
class Preprocess:
    """Height in pixels, channels (1 grey, 3 RGB), scaling and width (None: as the height) of a network's input."""

    size: int = 48
    channels: int = 1
    scale: float = 1 / 128
    offset: float = -1.0
    width: int | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return self.size, self.width or self.size, self.channels

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Uint8 (N, H, W, C) as float32 network input."""
        return images.astype(np.float32) * np.float32(self.scale) + np.float32(self.offset)

    def card(self) -> dict[str, Any]:
        """The ``input`` part of a model's card, for a float model."""
        return {
            "shape": [1, *self.shape],
            "dtype": "float32",
            "colour": "grey" if self.channels == 1 else "rgb",
            "scale": self.scale,
            "offset": self.offset,
        }

    @classmethod
    def from_card(cls, card: dict[str, Any]) -> Preprocess:
        """What a card's ``input`` says."""
        try:
            entry = card["input"]
            _, height, width, channels = (int(n) for n in entry["shape"])
            return cls(height, channels, float(entry["scale"]), float(entry["offset"]), width)
        except (KeyError, TypeError, ValueError):
            needs = "its card's input needs shape (1, height, width, channels), scale and offset"
            raise ModelError(f"{card.get('name', 'model')}: {needs}") from None


def to_input(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Grey pictures (N, H, W) as (N, H, W, 1) from -1 to 1, 1/128 a level: what the networks that we draw for take."""
    return Preprocess()(pictures)[..., None]
