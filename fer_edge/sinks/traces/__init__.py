"""The signals around fatigue and attention events, kept as numbers so that an alarm can be explained and replayed."""

from fer_edge.sinks.traces.recorder import TraceRecorder
from fer_edge.sinks.traces.store import SUFFIX, TraceStore
from fer_edge.sinks.traces.trace import Trace, TraceError, load

__all__ = ["SUFFIX", "Trace", "TraceError", "TraceRecorder", "TraceStore", "load"]
