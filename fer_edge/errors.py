"""Every error fer-edge raises on purpose.

::

    FerEdgeError
    ├── UsageError (ValueError)              2: the command line cannot be carried out as given
    │   └── TraceError                       2: a file is no trace of an event (sinks/traces)
    ├── ConfigError (ValueError)            78: the configuration is wrong; says every fault
    ├── UnavailableError                    69: something needed is not there now
    │   ├── SourceUnavailable               69: the camera, file or stream cannot be opened
    │   ├── ModelError                      69: a model file is missing, damaged or of a wrong shape
    │   ├── MissingExtra (ImportError)      69: an optional package is not installed
    │   └── UnreadablePicture               69: a file is missing or no picture (commands/classify)
    ├── NotAimed                             1: the time for aiming the camera is over (commands/aim)
    └── SourceError
        ├── SourceLost                       1: frames stopped coming
        └── EndOfSource (EOFError)           0: a file's last frame was read

Messages are one line: what is wrong, where, and what to do. ``exit_code`` is what the command
line returns when the error reaches it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


class FerEdgeError(Exception):
    """The root; its text is shown to the user as it is."""

    exit_code = 1


class UsageError(FerEdgeError, ValueError):
    """The command line cannot be carried out as given."""

    exit_code = 2


class ConfigError(FerEdgeError, ValueError):
    """The configuration is wrong. ``faults`` holds one line each, with file and line number."""

    exit_code = 78

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class UnavailableError(FerEdgeError):
    """Something needed is not there now and may be later."""

    exit_code = 69


class SourceUnavailable(UnavailableError):
    """A camera, file or stream cannot be opened."""


class ModelError(UnavailableError):
    """A model file is missing, damaged or not of the expected shape."""


class MissingExtra(UnavailableError, ImportError):
    """An optional package is not installed. With ``package`` the text ends with the command that installs it here."""

    def __init__(self, what: str, package: str | None = None) -> None:
        super().__init__(f"{what}; {_how_to_install(package)}" if package else what)


def _how_to_install(package: str) -> str:
    """With the pip of the environment that runs this: Debian's own refuses, and would install for another Python."""
    pip = Path(sys.executable).with_name("pip")
    if not pip.exists():
        return f"no pip in {sys.prefix} to install {package}: use a checkout (make run) or deploy/install.sh instead"
    return f"{'' if os.access(sys.prefix, os.W_OK) else 'sudo '}{pip} install {package}"


class SourceError(FerEdgeError):
    """A source that was open gave no frame."""


class SourceLost(SourceError):
    """Frames stopped coming: unplugged, timed out, or frozen."""


class EndOfSource(SourceError, EOFError):
    """The last frame of a file was read."""

    exit_code = 0
