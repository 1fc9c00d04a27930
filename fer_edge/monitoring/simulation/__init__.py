"""Drives made of values: a scripted truth, seen through a camera and networks that err.

A story says what the driver does and when; a camera takes frames of it at its own pace; noise makes
of each frame the signals that perception would give. Benchmarks and tests measure the rules on them.
"""

from fer_edge.monitoring.simulation.noise import CLEAN, MEASURED, Noise
from fer_edge.monitoring.simulation.story import Camera, Driver, Story, Truth, signals

__all__ = ["CLEAN", "MEASURED", "Camera", "Driver", "Noise", "Story", "Truth", "signals"]
