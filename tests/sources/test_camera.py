"""USB cameras. No camera is needed: the kernel's answers are given here, the rest is the real code."""

from __future__ import annotations

import contextlib
import errno
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fer_edge.errors import SourceLost, SourceUnavailable
from fer_edge.settings import CameraSettings
from fer_edge.sources import camera, cameras, make_source
from tests.sources.servers import scene

CAPTURE, METADATA = 0x04200001, 0x04A00000


class Kernel:
    """Answers VIDIOC_QUERYCAP and VIDIOC_REQBUFS as a UVC driver does."""

    def __init__(self) -> None:
        self.driver = b"uvcvideo"
        self.capabilities: dict[str, int] = {}
        self.busy = False
        self.streams = True

    def ioctl(self, device: int, request: int, argument: bytearray) -> int:
        name = Path(f"/proc/self/fd/{device}").readlink().name
        if request == 0x80685600 and name in self.capabilities:
            struct.pack_into("=16s32s32sIII", argument, 0, self.driver, b"Cam", b"usb", 0, 0, self.capabilities[name])
        elif request == 0xC0145608 and name in self.capabilities:
            if not self.streams:
                raise OSError(errno.EINVAL, "Invalid argument")
            if self.busy:
                raise OSError(errno.EBUSY, "Device or resource busy")
        else:
            raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")
        return 0


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """A machine with one USB camera of two nodes, and another thing called video7."""
    kernel = Kernel()
    by_id = tmp_path / "v4l" / "by-id"
    by_id.mkdir(parents=True)
    for number, capabilities in ((0, CAPTURE), (1, METADATA), (7, None)):
        node = tmp_path / f"video{number}"
        node.touch()
        if capabilities is not None:
            kernel.capabilities[node.name] = capabilities
            (by_id / f"usb-Maker_Cam_123-video-index{number}").symlink_to(node)
    monkeypatch.setattr(camera, "DEV", tmp_path)
    monkeypatch.setattr(camera, "BY_ID", by_id)
    monkeypatch.setattr(camera.fcntl, "ioctl", kernel.ioctl)
    return kernel


class Capture:
    """Stands in for cv2.VideoCapture: a camera that gives five pictures and is then unplugged."""

    def __init__(self, path: str, api: int) -> None:
        assert api == cv2.CAP_V4L2
        self.path = path
        self.asked: list[tuple[int, float]] = []
        self.given = 0
        self.released = False
        self.packed = False
        made.append(self)

    def get(self, what: int) -> float:
        """What this camera made of the request: it knows one size and rate only."""
        known = {cv2.CAP_PROP_FOURCC: cv2.VideoWriter.fourcc(*"MJPG"), cv2.CAP_PROP_FRAME_WIDTH: 640}
        return float(known.get(what, {cv2.CAP_PROP_FRAME_HEIGHT: 480, cv2.CAP_PROP_FPS: 25}.get(what, 0)))

    def isOpened(self) -> bool:  # noqa: N802
        return True

    def getBackendName(self) -> str:  # noqa: N802
        return "V4L2"

    def set(self, what: int, value: float) -> bool:
        self.asked.append((what, value))
        if what == cv2.CAP_PROP_CONVERT_RGB:
            self.packed = value == 0
        return True

    def read(self) -> tuple[bool, Any]:
        self.given += 1
        if self.given > 5:
            return False, None
        return True, self.picture(self.given)

    def release(self) -> None:
        self.released = True

    def picture(self, number: int) -> Any:
        """As it leaves the driver: one row of JPEG where nothing is converted, longer than the JPEG is."""
        if not self.packed:
            return scene(number)
        data = cv2.imencode(".jpg", scene(number))[1].ravel()
        return np.concatenate([data, np.zeros(64, np.uint8)])[None]


class Stubborn(Capture):
    """A driver that converts whatever it is told."""

    def picture(self, number: int) -> Any:
        return scene(number)


class Torn(Capture):
    """A bad cable: every other picture is lost on the way."""

    def picture(self, number: int) -> Any:
        whole = super().picture(number)
        return whole if number % 2 else whole[:, :20].copy()


made: list[Capture] = []


@pytest.fixture
def capture(monkeypatch: pytest.MonkeyPatch) -> list[Capture]:
    made.clear()
    monkeypatch.setattr(camera.cv2, "VideoCapture", Capture)
    return made


def test_cameras_are_listed_once_by_their_stable_names(kernel: Kernel, tmp_path: Path) -> None:
    assert [Path(path).name for path in cameras()] == ["usb-Maker_Cam_123-video-index0"]
    kernel.capabilities["video7"] = CAPTURE
    assert [Path(path).name for path in cameras()] == ["usb-Maker_Cam_123-video-index0", "video7"]


def test_a_pi_s_own_camera_nodes_are_no_cameras_here(kernel: Kernel) -> None:
    kernel.driver = b"rp1-cfe"
    assert cameras() == []
    with pytest.raises(SourceUnavailable, match="use source csi:0"):
        camera.check(camera.camera_path("0"))


def test_a_machine_without_cameras_lists_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(camera, "DEV", tmp_path)
    monkeypatch.setattr(camera, "BY_ID", tmp_path / "nowhere")
    assert cameras() == []
    with pytest.raises(SourceUnavailable, match="no camera found; connect one"):
        make_source("auto", CameraSettings(), paced=True).open()


@pytest.mark.parametrize("source", ["0", "auto", "by-id"])
def test_a_camera_is_asked_for_format_size_and_rate_in_this_order(
    kernel: Kernel, capture: list[Capture], tmp_path: Path, source: str
) -> None:
    stable = str(tmp_path / "v4l/by-id/usb-Maker_Cam_123-video-index0")
    settings = CameraSettings(width=1280, height=720, fps=15)
    connect = camera.camera_connector(stable if source == "by-id" else source, settings)
    device = connect()
    assert capture[0].path == (str(tmp_path / "video0") if source == "0" else stable)
    mjpg = cv2.VideoWriter.fourcc(*"MJPG")
    assert capture[0].asked == [
        (cv2.CAP_PROP_FOURCC, mjpg),
        (cv2.CAP_PROP_FRAME_WIDTH, 1280),
        (cv2.CAP_PROP_FRAME_HEIGHT, 720),
        (cv2.CAP_PROP_FPS, 15),
        (cv2.CAP_PROP_CONVERT_RGB, 0),
    ]
    assert device.about == "MJPG 640x480 at 25 fps"
    device.release()
    assert capture[0].released


def test_another_pixel_format_can_be_asked_for(kernel: Kernel, capture: list[Capture]) -> None:
    camera.camera_connector("0", CameraSettings(pixel_format="YUYV"))()
    assert capture[0].asked[0] == (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"YUYV"))


@pytest.mark.parametrize(("kind", "numbers"), [(Capture, [1, 2, 3]), (Stubborn, [2, 3, 4]), (Torn, [1, 3, 5])])
def test_whatever_the_driver_hands_over_pictures_come(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch, kind: type[Capture], numbers: list[int]
) -> None:
    monkeypatch.setattr(camera.cv2, "VideoCapture", kind)
    device = camera.camera_connector("0", CameraSettings())()
    for number in numbers:
        picture = device.grab()
        assert picture.image.shape[:2] == (120, 160)
        colours = picture.colour(1) if picture.colour else picture.image
        assert np.abs(colours.astype(int) - scene(number)).mean() < 6


def test_an_unplugged_camera_is_lost_and_taken_again_when_it_is_back(
    kernel: Kernel, capture: list[Capture], tmp_path: Path
) -> None:
    source = make_source("auto", CameraSettings(), paced=True)
    for _ in range(2):
        source.open()
        with pytest.raises(SourceLost, match="unplugged"):
            for _ in range(10):
                source.read()
        source.close()
    (tmp_path / "v4l/by-id/usb-Maker_Cam_123-video-index0").unlink()
    (tmp_path / "video0").unlink()
    with pytest.raises(SourceUnavailable, match="no camera found"):
        source.open()
    assert all(device.released for device in capture)


def test_a_missing_camera() -> None:
    with pytest.raises(SourceUnavailable, match="/dev/video97: no such camera; plug it in"):
        make_source("97", CameraSettings(), paced=True).open()


def test_a_busy_camera(kernel: Kernel) -> None:
    kernel.busy = True
    with pytest.raises(SourceUnavailable, match="busy: another program is using it"):
        camera.check(camera.camera_path("0"))


def test_a_driver_that_cannot_tell_whether_it_is_busy_is_tried(kernel: Kernel) -> None:
    kernel.streams = False
    camera.check(camera.camera_path("0"))


def test_a_camera_without_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(camera.os, "open", refuse)
    with pytest.raises(SourceUnavailable, match=r"sudo usermod -aG video \$USER"):
        camera.check("/dev/video0")


def test_the_second_node_of_a_camera(kernel: Kernel) -> None:
    with pytest.raises(SourceUnavailable, match="delivers no pictures"):
        camera.check(camera.camera_path("1"))


def test_a_device_that_is_no_camera() -> None:
    with pytest.raises(SourceUnavailable, match="/dev/null: not a camera"):
        make_source("/dev/null", CameraSettings(), paced=True).open()


def test_no_descriptor_is_left_open(kernel: Kernel) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in ("0", "1", "7"):
        with contextlib.suppress(SourceUnavailable):
            camera.check(camera.camera_path(number))
        cameras()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
