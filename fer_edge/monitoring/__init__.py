"""Numbers over time to meaning: filters, windows, calibration and the rules of each event."""
