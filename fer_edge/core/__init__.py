"""The words every part of fer-edge speaks: frames in, signals between, states and events out.

The words are in files by what they are about; the rest of the house imports them from here.
Nothing here does I/O, keeps time or imports another part of the package. ``None`` always means
"could not tell"; it is never replaced by 0 or False on its way through the program.
"""

from typing import TYPE_CHECKING

from fer_edge.core.events import EVENT_TYPES, Event, EventType, Level, OpenEvent, Phase
from fer_edge.core.geometry import Box, Face, Frame
from fer_edge.core.protocols import FaceFinder, Sink, Source
from fer_edge.core.signals import EMOTIONS, Lens, Person, Quality, Signals
from fer_edge.core.state import Calibration, DriverState, PersonState

if TYPE_CHECKING:
    from fer_edge.core.geometry import Image as Image
    from fer_edge.core.geometry import Points as Points

__all__ = [
    "EMOTIONS",
    "EVENT_TYPES",
    "Box",
    "Calibration",
    "DriverState",
    "Event",
    "EventType",
    "Face",
    "FaceFinder",
    "Frame",
    "Lens",
    "Level",
    "OpenEvent",
    "Person",
    "PersonState",
    "Phase",
    "Quality",
    "Signals",
    "Sink",
    "Source",
]
