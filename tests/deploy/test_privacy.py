"""No picture leaves the process: every file and socket that a run writes to, as the kernel saw it."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.brokers import Mosquitto, Received, Subscriber, mosquitto_path, wait_until
from tests.conftest import clean_environment

_WRITES = "write|writev|pwrite64|pwritev|pwritev2|sendto|sendmsg|sendmmsg|sendfile|splice|vmsplice|copy_file_range"
_OTHERS = (
    "open|openat|openat2|creat|bind|connect|accept|accept4|mkdir|mkdirat|mknod|mknodat|rename|renameat2|link|linkat"
)
SMALL_JPEG_BYTES = 1500
"""Less than any picture that shows a face: 48 x 48 grey pixels take about as much as a JPEG of low quality."""
PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF")
"""How JPEG, PNG, and AVI or WebP begin."""


@dataclass(frozen=True)
class Run:
    """What a run left and wrote: bytes by place (a path or a socket), and what its sockets are.

    ``sockets`` maps ``socket:[inode]`` to the address it was connected to, or ``accepted``.
    """

    folder: Path
    port: int
    heard: list[Received]
    written: dict[str, list[int]]
    opened: set[str]
    sockets: dict[str, str]

    def bytes_to(self, address: str) -> list[int]:
        """Sizes of the writes to sockets connected to an address of this form."""
        places = [place for place, to in self.sockets.items() if re.search(address, to)]
        return [size for place in places for size in self.written.get(place, [])]


@pytest.fixture(scope="module")
def strace() -> str:
    path = shutil.which("strace")
    if path is None:
        pytest.skip("strace is not installed (sudo apt install strace)")
    tried = subprocess.run([path, "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"strace may not trace here: {tried.stderr.strip()}")
    return path


@pytest.fixture(scope="module")
def run(strace: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A node that watched a driver fall asleep and told so, from start to clean stop."""
    if mosquitto_path() is None:
        pytest.skip("mosquitto is not installed (sudo apt install mosquitto)")
    folder = tmp_path_factory.mktemp("run")
    broker = Mosquitto(tmp_path_factory.mktemp("broker"))
    broker.start()
    subscriber = Subscriber(broker.port).ready()
    try:
        text = _traced(strace, folder, broker.port, subscriber)
        wait_until(lambda: subscriber.of("/status")[-1].text == "offline", "the goodbye")
        yield _read(text, folder, broker.port, list(subscriber.messages))
    finally:
        subscriber.close()
        broker.kill()


def _traced(strace: str, folder: Path, port: int, subscriber: Subscriber) -> str:
    record = folder / "trace"
    calls = f"trace={_WRITES},{_OTHERS}".replace("|", ",")
    command = [
        *(strace, "-f", "--seccomp-bpf", "-qq", "-y", "-s", "0", "-o", str(record), "-e", calls),
        *(sys.executable, "-m", "fer_edge", "run", "--source=sim:asleep", f"--set=mqtt.port={port}"),
        *(f"--set=state_dir={folder / 'state'}", "--set=camera.width=320", "--set=camera.height=240"),
    ]
    # What Python compiles goes where it was told to put it, and was there in an installation.
    environment = clean_environment(folder) | {"PYTHONDONTWRITEBYTECODE": "1"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=environment)
    try:
        wait_until(lambda: any(event["event_type"] == "sleep" for event in subscriber.events()), "a sleep event", 60.0)
        time.sleep(2.0)  # some more states
        child = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0]
        subprocess.run(["kill", "-TERM", child], check=True)
        assert process.wait(30) == 0, (folder / "log").read_text()
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
    return record.read_text(errors="replace")


def _read(text: str, folder: Path, port: int, heard: list[Received]) -> Run:
    written: dict[str, list[int]] = defaultdict(list)
    opened: set[str] = set()
    sockets: dict[str, str] = {}
    for call in _calls(text):
        if wrote := re.match(rf"(?:{_WRITES})\(\d+<(.*?)>[,)].* = (\d+)$", call):
            written[wrote[1]].append(int(wrote[2]))
        elif re.match(r"(open\w*|creat)\(.*(O_WRONLY|O_RDWR|O_CREAT)", call) and (
            file := re.search(r" = \d+<(.*)>$", call)
        ):
            opened.add(file[1])
        elif asked := re.match(r"connect\(\d+<(socket:\[\d+\])>, \{(.*)\}", call):
            sockets[asked[1]] = asked[2]
        elif came := re.match(r"accept4?\(.* = \d+<(socket:\[\d+\])>", call):
            sockets[came[1]] = "accepted"
    return Run(folder, port, heard, dict(written), opened, sockets)


def _calls(text: str) -> Iterator[str]:
    """Every call in one piece; strace splits those that another thread's call came between."""
    begun: dict[str, str] = {}
    for line in text.splitlines():
        thread, _, call = line.partition(" ")
        call = call.strip()
        if call.endswith("<unfinished ...>"):
            begun[thread] = call.removesuffix("<unfinished ...>").rstrip()
        elif resumed := re.match(r"<\.\.\. \w+ resumed>(.*)", call):
            yield begun.pop(thread, "") + resumed[1]
        else:
            yield call


def test_files_are_written_in_the_state_folder_only(run: Run) -> None:
    state = re.escape(str(run.folder / "state"))
    known = (
        rf"{state}/(running|outbox\.db(-wal|-shm|-journal)?|\.?[a-z_]+\.json(\.new)?)",
        rf"{state}/traces/\.?[0-9a-f]{{8}}-\d+\.trace\.json\.gz(\.new)?",  # numbers: tests/sinks/test_traces.py
        rf"{re.escape(str(run.folder / 'log'))}",
        r"/dev/null(<.*>)?",
        r"/memfd:stderr.*",  # the interpreter's chatter, in memory
        r"(pipe|anon_inode|socket):\[?.*\]?",
    )
    strange = {place for place in {*run.written, *run.opened} if not any(re.fullmatch(one, place) for one in known)}
    assert strange == set()
    assert any(place.endswith("/outbox.db-wal") for place in run.written), "the trace saw what is known to be written"


def test_the_broker_is_the_only_one_spoken_to(run: Run) -> None:
    elsewhere = {
        address
        for address in run.sockets.values()
        if "AF_INET" in address and f"htons({run.port})" not in address and "127.0.0.1" not in address
    }
    assert elsewhere == set()
    # The MQTT client wakes its own thread through a pair of loopback sockets, one byte at a time.
    others = {place for place in run.written if place.startswith("socket:")} - set(run.sockets)
    assert others == set()
    assert set(run.bytes_to(r"^accepted$")) <= {1}
    assert set(run.bytes_to(rf"AF_INET(?!.*htons\({run.port}\))")) <= {1}


def test_what_goes_to_the_broker_is_what_subscribers_see_with_no_room_for_a_picture(run: Run) -> None:
    sent = sum(run.bytes_to(rf"htons\({run.port}\)"))
    # 16 bytes of header, packet number and properties a message; connecting, subscribing and leaving once.
    accounted = sum(len(message.topic.encode()) + len(message.payload) + 16 for message in run.heard) + 1000
    assert 1000 < sent <= accounted
    states = [message for message in run.heard if message.topic.endswith("/state") or "/event/" in message.topic]
    assert len(states) > 5 and max(len(message.payload) for message in states) < SMALL_JPEG_BYTES
    assert not any(magic in message.payload for message in run.heard for magic in PICTURES)


def test_what_stays_on_disk_is_for_its_own_user_only(run: Run) -> None:
    state = run.folder / "state"
    open_to_others = {path for path in (state, *state.rglob("*")) if path.stat().st_mode & 0o077}
    assert open_to_others == set()


def test_what_stays_on_disk_is_text_about_events_and_no_picture(run: Run) -> None:
    kept = sorted(path for path in (run.folder / "state").rglob("*") if path.is_file())
    assert {"calibration.json", "last_exit.json", "outbox.db"} <= {path.name for path in kept}
    for path in kept:
        content = path.read_bytes()
        assert not any(magic in content for magic in PICTURES), path
        if path.suffix == ".json":
            assert len(content) < SMALL_JPEG_BYTES and content.isascii(), path
