"""Errors of the training tools, on the tree of :mod:`fer_edge.errors`: one line, never a traceback.

::

    FerEdgeError
    ├── DataError (ValueError)     1: training or test data cannot be used
    │   └── NoSplit                1: they hold no pictures of the split asked for
    └── AgreementError             1: a converted model is too far from its float parent
"""

from __future__ import annotations

from fer_edge.errors import FerEdgeError, MissingExtra, ModelError, UsageError

__all__ = ["AgreementError", "DataError", "MissingExtra", "ModelError", "NoSplit", "UsageError"]


class DataError(FerEdgeError, ValueError):
    """Training or test data cannot be used; the text names the file and the row."""


class NoSplit(DataError):
    """Data hold no pictures of the split asked for."""


class AgreementError(FerEdgeError):
    """A converted model says something else than its float parent too often to be written."""
