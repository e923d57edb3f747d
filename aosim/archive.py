"""The messages of a run, found by their ids in its journal."""

from __future__ import annotations

from collections.abc import Callable

from aosim.journal import Journal
from aosim.message import Message, Outgoing
from aosim.messenger import pushed, signed


class Archive:
    """Reads the journal when somebody asks, and never twice: a run in which nobody asks pays nothing."""

    def __init__(self, journal: Journal, module_of: Callable[[str], str]) -> None:
        self._journal = journal
        self._module_of = module_of  # the module of a process
        self._read = 0  # entries
        self._messages: dict[str, Message] = {}
        self._handled, self._sender, self._cron = "", "", False  # of the newest "done"

    def fork(self, journal: Journal, module_of: Callable[[str], str]) -> Archive:
        """Another, of a journal that begins as this one's does."""
        other = Archive(journal, module_of)
        other._read, other._messages = self._read, self._messages.copy()
        other._handled, other._sender, other._cron = self._handled, self._sender, self._cron
        return other

    def find(self, identity: str) -> Message | None:
        """The message of that id, on its way or at its end; None when there is none."""
        for kind, *values in self._journal.read(self._read):
            self._read += 1
            if kind == "sent":
                self._keep(signed(*values)[0])
            elif kind == "imported":
                self._keep(Message(*values))
            elif kind == "item":  # it may be assigned to a process, and so be what others follow from
                item_id, owner, data, flat = values
                self._keep(Message(item_id, owner, owner, item_id, data, flat))
            elif kind == "done":
                self._handled, self._sender, *_ = values
                self._cron = values[5]
            elif kind == "pushed":
                self._keep(self._pushed(*values))
        return self._messages.get(identity)

    def _keep(self, message: Message) -> None:
        self._messages[message.id] = message

    def _pushed(
        self, cause: str, number: int, target: str, data: str | None, flat: tuple[str, ...], anchor: str
    ) -> Message:
        """A message of a process: what its entry leaves out is that of the entry before it."""
        handled = self._messages[self._handled]
        pushed_for = handled.pushed_for or ("" if self._cron else handled.id)
        asked, module_id = Outgoing(target, data, anchor, flat), self._module_of(self._sender)
        message, _ = pushed(asked, target, self._sender, module_id, pushed_for, cause, number)
        return message
