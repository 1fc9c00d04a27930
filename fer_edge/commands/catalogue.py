"""Every command with one line about it; its module is imported only when it runs."""

from __future__ import annotations

import argparse
import importlib
from types import ModuleType

from fer_edge.command_line import Parser

COMMANDS = {
    "run": "the daemon: camera to MQTT",
    "replay": "the same pipeline on a video file, without a broker",
    "classify": "faces and expressions in still pictures",
    "annotate": "draw faces, signals and events into a copy of a video",
    "demo": "a demonstration on this machine, with its own broker",
    "watch": "show a node's topics live",
    "benchmark": "frames per second, latency and memory on this machine",
    "check-config": "every error in a configuration file",
    "doctor": "check camera, models, broker and clock",
    "aim": "aim the camera: what to change until the face is clearly visible",
    "explain": "why an event was raised, and what would have prevented it",
    "notice": "a page for the driver: what this node looks at, stores and sends",
    "service": "the systemd service of a pip installation: install, remove, example files",
    "completion": "shell completion for commands and options",
}


def module(name: str) -> ModuleType:
    """The module of a command."""
    return importlib.import_module(f"fer_edge.commands.{name.replace('-', '_')}")


def command_parser(name: str) -> argparse.ArgumentParser:
    """The parser of one command's options."""
    command = module(name)
    parser = Parser(
        prog=f"fer-edge {name}",
        description=(command.__doc__ or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_arguments(parser)
    return parser
