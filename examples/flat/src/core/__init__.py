"""The Worker's own package, with a data file that a rule uploads."""

import json
from pathlib import Path

GREETINGS = json.loads((Path(__file__).parent / "greetings.json").read_text())


def greet(language: str = "en") -> str:
    return GREETINGS[language]
