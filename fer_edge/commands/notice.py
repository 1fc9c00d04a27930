"""A page for the person being monitored: what this node looks at, stores and sends, to whom, and how to stop it.

Generated from the active configuration, so it describes this node as it is set up.

example:
  fer-edge notice > notice.txt
  fer-edge notice --html --owner "Bus company, depot 7, tel. 555" > notice.html
"""

from __future__ import annotations

import argparse
import html
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_edge import __version__
from fer_edge.addresses import without_credentials
from fer_edge.commands import options

if TYPE_CHECKING:
    from fer_edge.settings import Settings


@dataclass(frozen=True)
class Answer:
    """A question a driver may ask, and its answers, a sentence or two each."""

    question: str
    says: tuple[str, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--html", action="store_true", help="one page to print instead of plain text")
    parser.add_argument("--owner", metavar="TEXT", help="who is responsible for this device, and how to reach them")
    options.add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Write the page to stdout."""
    settings = options.settings(args)
    found = answers(settings, args.owner)
    sys.stdout.write(as_html(settings, found) if args.html else as_text(settings, found))
    return 0


def answers(settings: Settings, owner: str | None = None) -> tuple[Answer, ...]:
    """Every question with what is true for these settings."""
    return (
        Answer("What does it look at?", _looked_at(settings)),
        Answer("What does it infer?", _concluded(settings)),
        Answer("Are pictures stored or sent?", _pictures(settings)),
        Answer("What is sent, and to whom?", _sent(settings)),
        Answer("What is stored, and for how long?", _kept(settings)),
        Answer("What does it do when I am tired?", _alarms(settings)),
        Answer("How do I switch it off?", _off(settings)),
        Answer("How reliable is it?", _limits(settings)),
        Answer("Whom do I ask?", (owner or "(write here who is responsible for this device, and how to reach them)",)),
    )


def _looked_at(settings: Settings) -> tuple[str, ...]:
    # A number is the device's own name for a camera: it says nothing to a reader.
    source = without_credentials(settings.camera.source)
    camera = f"A camera{'' if source.isdigit() else f' ({source})'} looks at the {_who(settings)}."
    return camera, "Sound is not recorded. Nobody is identified: the device does not know whose face it sees."


def _who(settings: Settings) -> str:
    return "driver" if settings.profile == "driver" else "faces in front of it"


def _concluded(settings: Settings) -> tuple[str, ...]:
    found = []
    if settings.fatigue:
        found.append("Fatigue: whether the eyes are open or closed and for how long, yawns, a nodding head.")
    if settings.attention:
        found.append("Attention: whether head and eyes are turned away from the road.")
    if settings.emotion.enabled:
        found.append(
            "Expression: which of seven expressions a face shows. It says nothing about what a person feels. "
            "In the EU this is restricted at work (AI Act, Art. 5); emotion.enabled: false switches it off."
        )
    else:
        found.append("Expressions are not read: that part is switched off and not loaded.")
    return (*found, "What cannot be judged is reported as unknown, not guessed.")


def _pictures(settings: Settings) -> tuple[str, ...]:
    kept = "No picture is stored. Each one is in memory until the next is taken."
    if not settings.web.enabled:
        return kept, "No picture leaves the device. The live page is switched off."
    from fer_edge.web.access import reached_from_elsewhere

    where = "from other machines, with a token" if reached_from_elsewhere(settings.web) else "on this device only"
    return kept, f"The live page is switched on: anyone who may open it ({where}) sees the picture while they look."


def _sent(settings: Settings) -> tuple[str, ...]:
    mqtt = settings.mqtt
    if not mqtt.enabled:
        return ("Nothing: the connection is switched off (mqtt.enabled).",)
    secured = "encrypted" if mqtt.tls.enabled else "not encrypted"
    found = [
        f"Numbers and words to the message broker {mqtt.host}:{mqtt.port} ({secured}), under the name "
        f"{settings.node}: the state about once a second, each event, and the health of the device.",
        "Anyone with access to the broker can see them; this device does not know who that is.",
    ]
    if mqtt.homeassistant.enabled:
        found.append("Home Assistant shows them as well, if it is connected to that broker.")
    return tuple(found)


def _kept(settings: Settings) -> tuple[str, ...]:
    box = settings.mqtt.outbox
    found = ["How wide this driver's eyes are when open, and where straight ahead is: numbers, until recalibrated."]
    if settings.mqtt.enabled:
        found.insert(
            0,
            f"Events, on this device, until the broker has confirmed them: at most {box.max_events:,} events and "
            f"{box.max_age_days:g} days. What the broker's owner stores is up to them.",
        )
    if settings.web.enabled:
        found.append(
            "For the live page: events, and every ten seconds how long eyes were judged and closed, on this device, "
            "for eight days. No picture, no expression."
        )
    if settings.log_level in ("debug", "info"):
        found.append(
            "A line for each event, expressions excepted, in this device's system log, for as long as that keeps it."
        )
    if settings.traces.enabled and (settings.fatigue or settings.attention):
        found.append(
            "What was measured around each alarm (numbers such as how far the eyes were open, no picture, no "
            f"expression), on this device, for {settings.traces.max_age_days:g} days; "
            "longer where it is marked as a false alarm."
        )
    return tuple(found)


def _alarms(settings: Settings) -> tuple[str, ...]:
    alarm, found = settings.alarm, []
    if alarm.gpio.pin is not None:
        found.append(f"A buzzer or light works from level {alarm.gpio.level} on.")
    if alarm.sound.enabled:
        found.append(f"A sound is played from level {alarm.sound.level} on, and again until the event ends.")
    if alarm.commands:
        count = len(alarm.commands)
        found.append("A program of the owner is run." if count == 1 else f"{count} programs of the owner are run.")
    return tuple(found) or ("Nothing on the device itself: no alarm is configured.",)


def _off(settings: Settings) -> tuple[str, ...]:
    found = ["Cover the lens: the device then reports that it cannot see, and nothing about you."]
    if settings.mqtt.enabled:
        found.append("A pause of up to an hour can be requested over the broker; it is reported, and ends by itself.")
    return (*found, "Permanently: sudo systemctl disable --now fer-edge on the device.")


def _limits(settings: Settings) -> tuple[str, ...]:
    del settings
    return (
        "It is not a certified safety device. It may miss a sleeping driver, and may report an alert driver as tired.",
        "An event is a measurement with errors. It proves nothing about a person.",
    )


def as_text(settings: Settings, found: tuple[Answer, ...]) -> str:
    """The page as plain text."""
    parts = [f"{_title(settings)}\n{'=' * len(_title(settings))}\n"]
    parts += [f"\n{one.question}\n" + "".join(f"  - {says}\n" for says in one.says) for one in found]
    return "".join(parts)


def as_html(settings: Settings, found: tuple[Answer, ...]) -> str:
    """The page as one HTML file without anything from elsewhere, to print."""
    body = ""
    for one in found:
        items = "".join(f"<li>{html.escape(says)}</li>" for says in one.says)
        body += f"<h2>{html.escape(one.question)}</h2>\n<ul>{items}</ul>\n"
    return (
        '<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8">\n'
        f"<title>{html.escape(_title(settings))}</title>\n"
        "<style>body{font:11pt/1.4 sans-serif;max-width:44em;margin:2em auto;padding:0 1em}"
        "h1{font-size:1.4em}h2{font-size:1.05em;margin:.9em 0 .2em}ul{margin:0;padding-left:1.2em}</style>\n"
        f"<h1>{html.escape(_title(settings))}</h1>\n{body}</html>\n"
    )


def _title(settings: Settings) -> str:
    where = "in this vehicle" if settings.profile == "driver" else "in this place"
    return f"Camera {where}: fer-edge {__version__}, node {settings.node}"
