"""A process made again from the journal, without some of what it has evaluated."""

from __future__ import annotations

from collections.abc import Callable, Collection
from copy import deepcopy
from typing import Any, NamedTuple

from aosim.ids import address as id_of
from aosim.journal import Entry, Journal
from aosim.message import Assignment, Message
from aosim.patches import apply_patch, patch_of
from aosim.process import Process


class Evaluated(NamedTuple):
    """One evaluation of a process, as the journal has it."""

    message_id: str
    nonce: int | None
    timestamp_ms: int
    height: int
    chain: str  # empty for a cron message
    failed: bool


class Evaluations:
    """What a process has evaluated, oldest first, from its first message on or since it is a copy of another."""

    def __init__(self, journal: Journal, process_id: str) -> None:
        self.tree: dict[str, Any] = {}  # what was published before
        self.all: list[Evaluated] = []
        self._process_id = process_id
        self._chain = id_of(process_id.encode())
        self._trees: dict[str, dict[str, Any]] = {}  # of every process
        for entry in journal.read():
            self._see(entry)

    def without(
        self, forgotten: Collection[int], process: Process, find: Callable[[str], Message | None]
    ) -> tuple[str, dict[str, Any]]:
        """Let a fresh process evaluate all but those; its prompt in the end, and what it has published."""
        prompt, tree = "", self.tree
        for number, one in enumerate(self.all):
            if number in forgotten or one.failed:  # a message that fails has changed nothing
                continue
            message = find(one.message_id)
            assert message is not None
            place = (one.nonce, None if one.nonce is None else 0, one.timestamp_ms, one.height, one.chain)
            result = process.handle(Assignment(message, self._process_id, *place, one.nonce is None))
            prompt = result.prompt
            for patch in filter(None, map(patch_of, result.messages)):
                apply_patch(tree, patch)
        return prompt, tree

    def _see(self, entry: Entry) -> None:
        kind = entry[0]
        if kind == "done":
            _, message_id, process_id, nonce, timestamp_ms, height, cron, verdict, *_ = entry
            if process_id != self._process_id:
                return
            if not cron:
                self._chain = id_of((self._chain + message_id).encode())
            chain = "" if cron else self._chain
            self.all.append(Evaluated(message_id, nonce, timestamp_ms, height, chain, verdict == "failed"))
        elif kind == "patched":
            apply_patch(self._trees.setdefault(entry[1], {}), entry[2])
        elif kind == "copied":
            origin, copy = entry[1:3]
            self._trees[copy] = deepcopy(self._trees.get(origin, {}))
            if copy == self._process_id:
                self.tree = deepcopy(self._trees[copy])
