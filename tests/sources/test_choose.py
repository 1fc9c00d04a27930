"""From a user's word to a source."""

from __future__ import annotations

import pytest

from fer_edge.errors import FerEdgeError, UsageError
from fer_edge.settings import CameraSettings
from fer_edge.sources import make_source
from fer_edge.sources.live import LiveSource
from fer_edge.sources.simulated import SimulatedSource
from fer_edge.sources.video import VideoSource


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ("0", LiveSource),
        ("12", LiveSource),
        ("auto", LiveSource),
        ("/dev/video2", LiveSource),
        ("/dev/v4l/by-id/usb-Cam-video-index0", LiveSource),
        ("csi:0", LiveSource),
        ("rtsp://10.0.0.2/stream1", LiveSource),
        ("https://cam.local/mjpg", LiveSource),
        ("trip.mp4", VideoSource),
        ("/media/trips/a trip: home.avi", VideoSource),
        ("./0", VideoSource),
        ("sim:demo", SimulatedSource),
    ],
)
def test_every_form_is_told_apart_and_nothing_is_opened_yet(spec: str, kind: type) -> None:
    assert isinstance(make_source(spec, CameraSettings(), paced=True), kind)


@pytest.mark.parametrize("spec", ["", "csi:", "csi:x", "ftp://x/y.mp4", "rtsp://", "cam:0", "http:///x"])
def test_an_unknown_form_is_told_all_the_forms(spec: str) -> None:
    with pytest.raises(UsageError, match="a video file, csi:N, sim:SCRIPT") as told:
        make_source(spec, CameraSettings(), paced=True)
    assert "\n" not in str(told.value)


def test_a_form_that_is_unknown_is_told_without_its_password() -> None:
    with pytest.raises(UsageError, match="source 'rtmp://cam/live': unknown form"):
        make_source("rtmp://me:secret@cam/live", CameraSettings(), paced=True)


def test_an_unknown_script_is_told_the_built_in_ones() -> None:
    with pytest.raises(FerEdgeError, match="no such script; use a file or one of alert, asleep, behaviours, demo"):
        make_source("sim:nothing", CameraSettings(), paced=True)


@pytest.mark.parametrize(("spec", "told"), [("sim:slep", "did you mean asleep"), ("sim:", "use a file or one of")])
def test_a_misspelt_script_is_told_with_the_one_that_was_probably_meant(spec: str, told: str) -> None:
    with pytest.raises(UsageError, match=f"{spec}: no such script; {told}"):
        make_source(spec, CameraSettings(), paced=True)
