"""fer-edge: driver monitoring on a small computer."""

__version__ = "0.1.0"
