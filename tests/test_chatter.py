"""Damaged pictures, and whatever else a library says on stderr, are a line in the journal and not a flood."""

from __future__ import annotations

import subprocess
import sys

from fer_edge.service.chatter import AGAIN_S, Quieter
from tests.conftest import ROOT

DAMAGED = """
import logging, os, cv2, numpy as np
from fer_edge.service.chatter import quiet_libraries
from fer_edge.service.systemd import log_to_stderr
good = cv2.imencode(".jpg", np.random.default_rng(1).integers(0, 255, (240, 320), np.uint8))[1]
with quiet_libraries():
    log_to_stderr("info")
    for n in range(200):
        bad = good.copy()
        bad[1000 + n : 1040 + n] = 0xFF
        cv2.imdecode(bad, cv2.IMREAD_GRAYSCALE)
    logging.info("still here")
    if {raises}:
        raise SystemExit("the end")
os.write(2, b"as before\\n")
"""


def said(raises: bool) -> list[str]:
    program = [sys.executable, "-c", DAMAGED.replace("{raises}", str(raises))]
    return subprocess.run(program, capture_output=True, text=True, cwd=ROOT, check=False).stderr.splitlines()


def test_two_hundred_damaged_pictures_are_a_line_of_each_kind() -> None:
    lines = said(raises=False)
    about = [line for line in lines if "JPEG" in line]
    assert 1 <= len(about) <= 3 and all("WARNING" in line for line in about)
    assert any("INFO still here" in line for line in lines) and lines[-1] == "as before"


def test_what_python_says_at_the_end_is_not_lost() -> None:
    assert said(raises=True)[-1] == "the end"


def test_the_same_is_said_again_after_a_while_with_how_often_it_came() -> None:
    now, lines = [0.0], list[str]()
    quieter = Quieter(lines.append, lambda: now[0])
    for n in range(5):
        quieter.take(f"Corrupt JPEG data: {n} extraneous bytes before marker 0xd{n}")
    quieter.take("something else")
    now[0] = AGAIN_S
    quieter.take("Corrupt JPEG data: 77 extraneous bytes before marker 0xd9")
    assert lines == [
        "Corrupt JPEG data: 0 extraneous bytes before marker 0xd0",
        "something else",
        "Corrupt JPEG data: 77 extraneous bytes before marker 0xd9 (4 more like this since)",
    ]


def test_kinds_without_end_do_not_grow_without_end() -> None:
    quieter = Quieter(lambda line: None)
    for n in range(1000):
        quieter.take("x" * n)
    assert len(quieter._known) <= 101
