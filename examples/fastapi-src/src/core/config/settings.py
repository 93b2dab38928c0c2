"""What can be configured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    title: str = "fastapi-src"
