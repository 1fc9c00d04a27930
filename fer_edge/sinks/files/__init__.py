"""Lines in a file or on standard output."""

from fer_edge.sinks.files.jsonl import JsonLines

__all__ = ["JsonLines"]
