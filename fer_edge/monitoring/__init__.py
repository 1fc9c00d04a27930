"""Numbers over time to meaning: filters, windows, calibration and the rules of each event."""

from fer_edge.monitoring.monitor import Monitor

__all__ = ["Monitor"]
