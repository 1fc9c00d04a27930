"""What all live sources have in common, with devices that hang, throw and repeat themselves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from fer_edge.errors import SourceLost, SourceUnavailable
from fer_edge.sources.live import Limits, LiveSource
from fer_edge.sources.orient import Orient
from fer_edge.sources.picture import Picture
from tests.sources.servers import scene

LIMITS = Limits(open_s=0.5, stall_s=0.4)


class Camera:
    """A device whose next picture comes when the test says so."""

    about = "TEST 160x120 at 200 fps"

    def __init__(self, pictures: int = 10**6) -> None:
        self.go = threading.Event()
        self.go.set()
        self.released = threading.Event()
        self.number = 0
        self.pictures = pictures

    def grab(self) -> Picture:
        threading.Event().wait(0.005)
        self.go.wait()  # as stuck in a driver as can be: nothing else wakes it
        self.number += 1
        if self.number > self.pictures:
            raise ValueError("driver\nfailed")
        return Picture(scene(self.number))

    def interrupt(self) -> None:
        pass

    def release(self) -> None:
        self.released.set()


def source_of(connect: Callable[[], Camera], rotation: int = 0) -> LiveSource:
    return LiveSource("cam", connect, Orient(rotation), LIMITS, time.monotonic)


def test_a_device_that_hangs_is_lost_in_time_and_not_opened_twice() -> None:
    camera = Camera()
    opened = []
    source = source_of(lambda: opened.append(1) or camera)
    source.open()
    source.read()
    camera.go.clear()
    with pytest.raises(SourceLost, match=r"no picture for 0\.4 s"):
        for _ in range(10):
            source.read()
    source.close()
    assert not camera.released.is_set()
    waiting = threading.Thread(target=source.open)
    waiting.start()
    threading.Event().wait(0.5)
    assert waiting.is_alive()  # the driver still has the device: opening waits, and a watchdog sees it
    assert len(opened) == 1
    camera.go.set()
    waiting.join(10)
    assert not waiting.is_alive()
    assert len(opened) == 2
    source.close()


def test_close_ends_the_wait_for_a_hung_driver() -> None:
    camera = Camera()
    source = source_of(lambda: camera)
    source.open()
    camera.go.clear()
    source.close()
    failed: list[str] = []

    def reopen() -> None:
        with pytest.raises(SourceUnavailable) as told:
            source.open()
        failed.append(str(told.value))

    thread = threading.Thread(target=reopen)
    thread.start()
    threading.Event().wait(0.9)
    source.close()
    thread.join(10)
    assert failed == ["cam: closed while waiting for its driver"]
    camera.go.set()
    assert camera.released.wait(10)


def test_what_a_driver_throws_becomes_one_line() -> None:
    source = source_of(lambda: Camera(pictures=3))
    source.open()
    with pytest.raises(SourceLost, match=r"^cam: reading failed \(driver failed\)$"):
        for _ in range(10):
            source.read()

    def broken() -> Camera:
        raise RuntimeError("no\nmemory")

    with pytest.raises(SourceUnavailable, match=r"^cam: cannot be opened \(no memory\)$"):
        source_of(broken).open()


def test_a_device_that_opens_but_never_gives_a_picture_is_unavailable() -> None:
    camera = Camera()
    camera.go.clear()
    source = source_of(lambda: camera)
    with pytest.raises(SourceUnavailable, match=r"no picture came in 0\.5 s"):
        source.open()
    camera.go.set()
    assert camera.released.wait(10)


def test_numbers_go_on_over_opening_again_and_pictures_are_turned() -> None:
    source = source_of(Camera, rotation=90)
    numbers = []
    for _ in range(2):
        source.open()
        numbers += [source.read().number for _ in range(3)]
    assert source.read().image.shape == (160, 120, 3)
    source.close()
    assert numbers == sorted(set(numbers))


def test_it_can_be_closed_at_any_time_and_read_only_when_open() -> None:
    source = source_of(Camera)
    source.close()
    with pytest.raises(SourceLost, match="not open"):
        source.read()
    assert source.about is None
    source.open()
    assert source.about == "TEST 160x120 at 200 fps"
    source.close()
    source.close()
    with pytest.raises(SourceLost, match=r"^cam: closed while reading$"):
        for _ in range(3):
            source.read()


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    for _ in range(5):
        source = source_of(Camera)
        source.open()
        source.read()
        source.close()
    assert threading.active_count() == before
