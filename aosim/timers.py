"""A message that is sent again and again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Repeated:
    """What a timer sends, and how often it has."""

    id: str
    every_ms: int
    sender_id: str
    target_id: str
    data: str
    flat: tuple[str, ...]
    ticks: int = 0
