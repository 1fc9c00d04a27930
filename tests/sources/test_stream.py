"""Streams over the network: they play, stall, die and freeze, and one line says what happened."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from fer_edge.addresses import without_credentials
from fer_edge.errors import SourceLost, SourceUnavailable, UsageError
from fer_edge.settings import CameraSettings
from fer_edge.sources import make_source
from tests.sources.servers import MjpegServer, RtspServer

SETTINGS = CameraSettings(stall_s=0.6)


@pytest.fixture
def mjpeg() -> Iterator[MjpegServer]:
    server = MjpegServer()
    yield server
    server.close()


@pytest.fixture
def rtsp() -> Iterator[RtspServer]:
    server = RtspServer()
    yield server
    server.close()


def test_frames_of_an_http_stream_arrive_in_order_on_the_monotonic_clock(mjpeg: MjpegServer) -> None:
    source = make_source(f"{mjpeg.address}/live", SETTINGS, paced=True)
    before = time.monotonic()
    source.open()
    frames = [source.read() for _ in range(20)]
    assert "160x120" in str(source.about)
    source.close()
    assert frames[0].image.shape == (120, 160)
    assert frames[0].in_colour().shape == (120, 160, 3)
    assert all(later.number > earlier.number and later.at > earlier.at for earlier, later in itertools.pairwise(frames))
    assert before < frames[0].at < frames[-1].at <= time.monotonic()
    assert source.live


def test_a_slow_reader_gets_the_newest_picture_and_can_count_what_it_missed(mjpeg: MjpegServer) -> None:
    source = make_source(f"{mjpeg.address}/live", SETTINGS, paced=True)
    source.open()
    first = source.read()
    threading.Event().wait(0.6)  # at 50 pictures a second
    second = source.read()
    source.close()
    assert second.number - first.number > 5
    assert time.monotonic() - second.at < 1


@pytest.mark.parametrize("path", ["stall", "die"])
def test_a_stream_that_stalls_or_dies_is_lost_within_its_time_and_opens_again(mjpeg: MjpegServer, path: str) -> None:
    source = make_source(f"{mjpeg.address}/{path}", SETTINGS, paced=True)
    for _ in range(2):  # what FFmpeg leaves dead after a time-out must work after opening again
        source.open()
        last = time.monotonic()
        with pytest.raises(SourceLost, match=r"stream ended or stalled|no picture for 0\.6 s"):
            for _ in range(20):
                source.read()
                last = time.monotonic()
        assert time.monotonic() - last < 5
    source.close()


def test_a_frozen_stream_is_lost_stays_unavailable_and_comes_back_with_a_new_picture(mjpeg: MjpegServer) -> None:
    source = make_source(f"{mjpeg.address}/freeze", SETTINGS, paced=True)
    source.open()
    source.read()
    mjpeg.freeze.set()
    with pytest.raises(SourceLost, match=r"frozen, the same picture for 0\.6 s"):
        for _ in range(200):
            source.read()
    with pytest.raises(SourceUnavailable, match="still frozen"):
        source.open()
    mjpeg.freeze.clear()
    source.open()
    numbers = [source.read().number for _ in range(3)]
    source.close()
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(("path", "words"), [("nothing", "delivers no video"), ("login", "user name and password")])
def test_a_stream_that_is_refused_says_so_without_the_password(mjpeg: MjpegServer, path: str, words: str) -> None:
    address = mjpeg.address.replace("//", "//user:secret@")
    source = make_source(f"{address}/{path}", SETTINGS, paced=True)
    with pytest.raises(SourceUnavailable, match=words) as refused:
        source.open()
    assert "secret" not in str(refused.value) + source.name
    assert "\n" not in str(refused.value)


def test_a_server_that_is_not_there_says_why_at_once() -> None:
    source = make_source("rtsp://127.0.0.1:9/live", SETTINGS, paced=True)
    with pytest.raises(SourceUnavailable, match=r"cannot reach 127\.0\.0\.1 port 9 \(connection refused\)"):
        source.open()


def test_a_password_in_the_query_is_neither_in_the_name_nor_in_a_fault() -> None:
    source = make_source("http://127.0.0.1:9/v.cgi?user=admin&pwd=hunter2", SETTINGS, paced=True)
    with pytest.raises(SourceUnavailable, match=r"v\.cgi.*cannot reach") as refused:
        source.open()
    assert "hunter2" not in source.name + str(refused.value)


@pytest.mark.parametrize(
    "address", ["http://[::1/x?pwd=hunter2", "rtsp://me:hun/ter2@host/x", "rtsp://:554/x", "http://host:99999"]
)
def test_an_address_that_is_none_is_usage_and_shows_no_password(address: str) -> None:
    with pytest.raises(UsageError, match="not an address; write it like") as refused:
        make_source(address, SETTINGS, paced=True)
    assert "ter2" not in str(refused.value)


def test_close_wakes_a_reader_that_waits(mjpeg: MjpegServer) -> None:
    source = make_source(f"{mjpeg.address}/stall", CameraSettings(stall_s=20), paced=True)
    source.open()
    woken: list[float] = []

    def read() -> None:
        with pytest.raises(SourceLost):
            while True:
                source.read()
        woken.append(time.monotonic())

    thread = threading.Thread(target=read)
    thread.start()
    threading.Event().wait(0.5)
    closed = time.monotonic()
    source.close()
    thread.join(10)
    assert woken
    assert woken[0] - closed < 5


def test_a_program_ends_at_once_though_its_stream_hangs(mjpeg: MjpegServer) -> None:
    code = (
        "import sys, threading; from fer_edge.sources import make_source; "
        "from fer_edge.settings import CameraSettings\n"
        "s = make_source(sys.argv[1], CameraSettings(stall_s=60), paced=True); s.open()\n"
        "while s.read().number < 9: pass\n"  # the last of ten
        "s.close(); print([t.name[:4] for t in threading.enumerate()[1:]], flush=True)\n"
        "sys.argv[1:] = ['check-config', '--defaults']; from fer_edge.cli import program; program()"
    )
    done = _run(code, f"{mjpeg.address}/stall")
    assert done.returncode == 0
    assert done.stdout.startswith("['read']\n"), "it has to hang"
    assert done.stdout.splitlines()[-1].strip(), "all that was written"
    assert done.stderr == ""


def test_a_picture_that_comes_while_the_program_ends_does_not_abort_it(mjpeg: MjpegServer) -> None:
    code = (
        "import sys; from fer_edge.sources import make_source; from fer_edge.settings import CameraSettings\n"
        "s = make_source(sys.argv[1], CameraSettings(), paced=True); s.open()\n"
        "sys.argv[1:] = ['--version']; from fer_edge.cli import program; program()"
    )
    done = _run(code, f"{mjpeg.address}/live")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("fer-edge ")


def _run(code: str, address: str) -> subprocess.CompletedProcess[str]:
    """Must end in half the time that the stream may hang for."""
    return subprocess.run(
        [sys.executable, "-c", code, address], capture_output=True, text=True, timeout=30, check=False
    )


def test_an_rtsp_stream_plays_and_its_end_is_a_loss(rtsp: RtspServer) -> None:
    source = make_source(rtsp.address, SETTINGS, paced=True)
    source.open()
    frames = [source.read() for _ in range(10)]
    assert frames[-1].in_colour().shape == (120, 160, 3)
    assert frames[-1].image.max() > 150  # the block of the scene
    rtsp.die.set()
    with pytest.raises(SourceLost):
        for _ in range(100):
            source.read()
    source.close()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://me:p@ss@host:554/a?b=1", "rtsp://host:554/a?b=1"),
        ("http://host/x", "http://host/x"),
        ("http://host/v.cgi?user=admin&pwd=x", "http://host/v.cgi?user=…&pwd=…"),
        ("rtsp://host/user=admin&password=x&channel=1", "rtsp://host/user=…&password=…&channel=1"),
    ],
)
def test_secrets_are_cut_out_of_addresses(url: str, shown: str) -> None:
    assert without_credentials(url) == shown
