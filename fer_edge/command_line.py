"""Parsers of command lines whose faults are one line, as all others are."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Iterable
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that names what is wrong and where the options stand, not all of them."""

    def error(self, message: str) -> NoReturn:
        """End with exit code 2."""
        # What is wrong with an option's value says itself what would be right.
        hint = "" if message.startswith("argument ") else f"; see {self.prog} --help"
        self.exit(2, f"{self.prog}: {' '.join(message.split())}{hint}\n")


def no_command(name: str, commands: Iterable[str]) -> str:
    """What to say of a command that is none, with the one that was probably meant."""
    near = difflib.get_close_matches(name, commands, 1)
    return f"{name!r} is not a command{f' (did you mean {near[0]}?)' if near else ''}"
