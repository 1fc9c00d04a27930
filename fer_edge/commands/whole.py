"""What a video turned out to be once it was read: cut short, or a picture. A decoder ends all of them alike."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from fer_edge.errors import SourceLost

if TYPE_CHECKING:
    from fer_edge.core import Source

VIDEOS = (".mp4", ".avi", ".mkv", ".mov", ".m4v", ".webm", ".mpg", ".mjpeg")
"""How the names of videos end, for commands that take something else."""
_SHARE = 0.9
"""What a whole file has at least of what it says: headers miscount by some frames, or tell the sound's length."""


def need_whole(source: Source, count: int, seconds: float) -> None:
    """Raises SourceLost where a file gave clearly fewer frames, and less time, than it says; it is to have been read.

    Both, for where the rate varies, a container's count may be its length times a rate that no frame has.
    """
    said, fps = source.frames, source.fps
    if said and fps and count < _SHARE * said and seconds < _SHARE * said / fps:
        raise SourceLost(
            f"{source.name}: only {count} of {said} frames could be read; the file is damaged or cut short"
        )


def tell_of_picture(source: Source, count: int) -> None:
    """A picture is read as a video of one frame, in which nothing can last: says what to use instead."""
    if count == 1:
        sys.stderr.write(f"{source.name}: has only one frame; for a picture use fer-edge classify\n")
