"""Makes the sounds: ``python -m fer_edge.sounds [FOLDER]``. 16 kHz, mono, 16 bit: what any player takes.

Higher, faster and longer the more urgent, with harmonics, since a small loudspeaker has no deep tones and an old
ear no high ones: most energy lies between 500 and 3,000 Hz, as ISO 7731 asks of danger signals.
"""

from __future__ import annotations

import sys
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
TONES: dict[str, tuple[tuple[float, float, float], ...]] = {
    "info": ((660.0, 0.10, 0.0),),
    "advisory": ((660.0, 0.14, 0.05), (880.0, 0.18, 0.0)),
    "warning": ((988.0, 0.14, 0.06), (988.0, 0.14, 0.06), (1318.0, 0.22, 0.0)),
    "critical": ((1568.0, 0.09, 0.02), (1046.0, 0.09, 0.02)) * 4,
}
"""For each level its tones: hertz, seconds, seconds of silence after it."""
LOUDNESS = {"info": 0.3, "advisory": 0.45, "warning": 0.7, "critical": 0.95}
"""Share of full scale."""
_FADE_S = 0.008
"""A tone that begins at once clicks."""


def samples(level: str) -> NDArray[np.int16]:
    """The sound of a level, (n,) at 16 kHz."""
    parts = []
    for hertz, seconds, silence_s in TONES[level]:
        t = np.arange(round(RATE * seconds)) / RATE
        tone = sum(np.sin(2 * np.pi * hertz * n * t) / n for n in (1, 2, 3) if hertz * n < RATE / 2.2)
        fade = np.clip(np.minimum(t, seconds - t) / _FADE_S, 0, 1)
        parts += [tone * fade / 1.6, np.zeros(round(RATE * silence_s))]
    heard = np.clip(np.concatenate(parts), -1, 1) * LOUDNESS[level]
    return np.round(heard * 32767).astype(np.int16)


def write(folder: Path) -> None:
    """Write every level's sound into the folder."""
    for level in TONES:
        with wave.open(str(folder / f"{level}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(samples(level).astype("<i2").tobytes())


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
