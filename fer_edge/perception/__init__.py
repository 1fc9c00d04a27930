"""Pixels to numbers: faces, landmarks, eyes, mouth, head pose, expression."""

from fer_edge.perception.reader import Perception

__all__ = ["Perception"]
