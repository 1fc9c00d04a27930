"""What is drawn on a picture: inside it, readable at every size, in words as well as in colour, and never failing."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_edge import drawing
from fer_edge.core import EMOTIONS, Box, DriverState, Face, Lens, Level, OpenEvent, Person, Signals

SIZES = [(240, 320), (480, 640), (720, 1280), (1080, 1920), (640, 360)]
EVEN = dict.fromkeys(EMOTIONS, 1 / 7)


def blank(size: tuple[int, int], level: int = 90) -> np.ndarray:  # type: ignore[type-arg]
    return np.full((*size, 3), level, np.uint8)


def points(box: Box) -> np.ndarray:  # type: ignore[type-arg]
    angles = np.linspace(0, 2 * np.pi, 68, dtype=np.float32)
    middle = np.array(box.centre, np.float32)
    return middle + np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32) * box.width / 3


def seen(size: tuple[int, int]) -> Signals:
    box = Box(size[1] * 0.4, size[0] * 0.3, size[0] * 0.4, size[0] * 0.4)
    face = Face(box, 0.9, track=3)
    read = {"eye_left": 0.9, "eye_right": 0.1, "eyes_closed": 0.5, "mouth_open": None, "yaw": 20.0, "pitch": -5.0}
    return Signals(1.0, 1, face=face, faces=1, emotions=EVEN, landmarks=points(box), **read)  # type: ignore[arg-type]


def state(*events: OpenEvent) -> DriverState:
    level = max((event.level for event in events), key=lambda level: level.rank, default=None)
    return DriverState(5.0, present=True, open_events=events, level=level, perclos=0.1, yaw=3.0, pitch=-4.0)


def changed(size: tuple[int, int], signals: Signals, shown: DriverState | None = None) -> np.ndarray:  # type: ignore[type-arg]
    """Where the drawing differs from the picture."""
    return np.any(drawing.draw(blank(size), signals, shown) != blank(size), axis=2)


@pytest.mark.parametrize("size", SIZES)
def test_everything_has_its_place_at_every_size(size: tuple[int, int]) -> None:
    where = changed(size, seen(size), state(OpenEvent(1, "sleep", Level.CRITICAL, 2.0)))
    height, width = size
    assert where[0, : width // 2].all(), "what is open stands across the top"
    assert where[-height // 4 :, : width // 8].any(), "the readings at the lower left"
    assert where[-height // 4 :, -width // 8 :].any() == (width >= 480), "the expressions at the lower right, if wide"
    assert where[int(height * 0.3), int(width * 0.4)], "the corner of the face"
    assert 0.02 < where.mean() < 0.5, "most of the picture stays free"


@pytest.mark.parametrize("size", SIZES)
def test_text_is_large_enough_to_read_and_fits(size: tuple[int, int]) -> None:
    pen = drawing.Pen(blank(size))
    for text in ("eyes closed", "unresponsive 12.3 s", "#12 surprise 100%"):
        width, height = pen.size(text)
        assert height >= 7, "an x is five pixels high at least"
        assert width < 0.75 * size[1]
        assert 0.012 < height / size[0] < 0.06


def test_the_original_is_left_alone_and_grey_becomes_colour() -> None:
    picture = blank((240, 320))
    drawing.draw(picture, seen((240, 320)))
    assert (picture == 90).all()
    assert drawing.draw(picture[:, :, 0], seen((240, 320))).shape == (240, 320, 3)


@pytest.mark.parametrize(
    ("lens", "words"), [(Lens.CLEAR, "No face"), (Lens.DARK, "Too dark"), (Lens.COVERED, "Lens covered")]
)
def test_why_there_is_no_face_is_said_on_the_picture(lens: Lens, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(drawing.Pen, "text", lambda pen, text, *rest: said.append(text))
    drawing.draw(blank((240, 320)), Signals(0, 0, lens=lens))
    assert said == [words]


def test_a_level_has_words_beside_its_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(drawing.Pen, "text", lambda pen, text, *rest: said.append(text))
    opened = (
        OpenEvent(1, "emotion", Level.INFO, 0.0),
        OpenEvent(2, "view_degraded", Level.INFO, 1.0),
        OpenEvent(3, "sleep", Level.CRITICAL, 2.0),
    )
    drawing.draw(blank((480, 640)), seen((480, 640)), state(*opened))
    assert "Asleep 3.0 s, View degraded 4.0 s" in said, "the worst first, expressions left out"
    assert "?" in said, "the mouth could not be judged"


def test_a_head_that_is_nearly_straight_is_at_plus_0_never_at_minus_0() -> None:
    straight, nearly = (
        drawing.draw(blank((480, 640)), seen((480, 640)), replace(state(), yaw=angle, pitch=angle))
        for angle in (0.0, -0.3)
    )
    assert (straight == nearly).all()


def test_every_face_of_a_kiosk_has_its_own_label() -> None:
    faces = [Face(Box(20 + 210 * n, 60, 120, 120), 0.9, track=n) for n in range(3)]
    people = tuple(Person(face, EVEN) for face in faces)
    where = changed((300, 640), Signals(0, 0, face=faces[0], faces=3, people=people))
    for face in faces:
        assert where[60, int(face.box.x)], "its corner"
        assert where[30:58, int(face.box.x) : int(face.box.x) + 60].any(), "its label above"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("überrascht", "uberrascht"), ("Ångström", "Angstrom"), ("喜び", "??"), ("a\nb\x1b", "a?b?")],
)
def test_words_in_any_script_are_drawn_as_far_as_the_font_goes(text: str, shown: str) -> None:
    assert drawing.plain(text) == shown
    face = Face(Box(50, 60, 80, 80), 0.9)
    drawing.draw(blank((240, 320)), Signals(0, 0, face=face, faces=1, emotions={text: 1.0}))


NUMBER = st.floats(-4000, 4000)


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.builds(Box, NUMBER, NUMBER, NUMBER, NUMBER),
    st.none() | st.floats(-180, 180),
)
def test_no_picture_and_no_box_makes_it_fail(size: tuple[int, int], box: Box, yaw: float | None) -> None:
    signals = Signals(
        1.0, 1, face=Face(box, 0.5, track=1), faces=1, yaw=yaw, pitch=yaw, emotions=EVEN, landmarks=points(box)
    )
    drawn = drawing.draw(blank(size), signals, state(OpenEvent(1, "nod", Level.ADVISORY, 0.0)))
    assert drawn.shape == (*size, 3)


def test_a_wide_picture_is_made_smaller_for_the_page_and_a_small_one_is_not() -> None:
    sizes = {}
    for size in ((1080, 1920), (240, 320)):
        content = drawing.jpeg(blank(size), 640, 75)
        decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        sizes[size] = decoded.shape[:2]
    assert sizes == {(1080, 1920): (360, 640), (240, 320): (240, 320)}
