"""What a process is born with, and never changes."""

from __future__ import annotations

from typing import NamedTuple


class ProcessInfo(NamedTuple):
    """Ids, owners and tags of a process and of the module it is made from. Tags are flat."""

    id: str
    owner: str
    flat: tuple[str, ...]
    module_id: str
    module_owner: str = ""
    module_flat: tuple[str, ...] = ()
