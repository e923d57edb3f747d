"""The values that travel: Tag, Message, Assignment, Result. Immutable, and text throughout.

What a process wrote as bytes that are not UTF-8 is kept in the text as lone surrogates
(Python's "surrogateescape"), so nothing is lost on the way back into a process.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Tag(NamedTuple):
    """A name and a value. Tags are ordered and names may repeat."""

    name: str
    value: str


def tag_pairs(flat: tuple[str, ...]) -> tuple[Tag, ...]:
    """("Action", "Ping", ...) as (Tag("Action", "Ping"), ...)."""
    return tuple(map(Tag, flat[::2], flat[1::2]))


def flat_tags(tags: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The reverse of `tag_pairs`."""
    return tuple(part for tag in tags for part in tag)


def find_tag(flat: tuple[str, ...], name: str, default: str | None = None) -> str | None:
    """The value of the first tag of a name, without regard to ASCII case, or the default."""
    wanted = name.lower()
    for at in range(0, len(flat), 2):
        if flat[at].lower() == wanted:
            return flat[at + 1]
    return default


class Message(NamedTuple):
    """A message on its way or at its end.

    `flat` are the tags its sender wrote, as name, value, name, value ...; a message that a process
    sent is pushed by a messenger, which adds five more: `tags` lists them all, in order.
    """

    id: str
    sender: str  # msg.From
    owner: str  # msg.Owner: who signed it, the messenger for a pushed message
    target: str
    data: str | None
    flat: tuple[str, ...]
    anchor: str = ""
    from_module: str = ""  # of the sending process; empty unless the message was pushed
    pushed_for: str = ""  # id of the message from outside that began the chain
    signature: str = ""

    @property
    def tags(self) -> tuple[Tag, ...]:
        """All tags, those of the messenger included."""
        return tag_pairs(self.flat) + tag_pairs(self.messenger_tags)

    @property
    def messenger_tags(self) -> tuple[str, ...]:
        """The flat tags a messenger unit adds at the end of what it pushes."""
        if not self.from_module:
            return ()
        return (
            *("Data-Protocol", "ao", "Type", "Message", "From-Process", self.sender),
            *("From-Module", self.from_module, "Pushed-For", self.pushed_for),
        )

    def tag(self, name: str, default: str | None = None) -> str | None:
        """The value of the first tag of that name, without regard to ASCII case, or the default."""
        return find_tag(self.flat + self.messenger_tags, name, default)


class Assignment(NamedTuple):
    """A message with its place in a process's log.

    A cron message and a dry run take no place: their nonce and epoch are None.
    """

    message: Message
    process_id: str
    nonce: int | None
    epoch: int | None
    timestamp_ms: int
    block_height: int
    hash_chain: str = ""
    cron: bool = False
    dry_run: bool = False


class Outgoing(NamedTuple):
    """A message, or a spawn, that a process asked for.

    `problem` is empty, or says why the network would not deliver it (a tag that is no text).
    """

    target: str | None
    data: str | None
    anchor: str
    flat: tuple[str, ...]
    problem: str = ""

    @property
    def tags(self) -> tuple[Tag, ...]:
        """All tags, in order."""
        return tag_pairs(self.flat)

    def tag(self, name: str, default: str | None = None) -> str | None:
        """The value of the first tag of that name, without regard to ASCII case, or the default."""
        return find_tag(self.flat, name, default)


class AssignRequest(NamedTuple):
    """A message that a process asked to be assigned to others as well."""

    message_id: str
    processes: tuple[str, ...]


class Forgiven(NamedTuple):
    """Something docs fidelity let pass: by which rule, at which `file:line`, and what it was."""

    rule: str
    place: str
    detail: str


class Result(NamedTuple):
    """All that one evaluation produced. With an error, nothing else but output."""

    messages: tuple[Outgoing, ...] = ()
    spawns: tuple[Outgoing, ...] = ()
    assignments: tuple[AssignRequest, ...] = ()
    output: str = ""  # what was printed (and, for an Eval, returned), with its ANSI colours
    prompt: str = ""
    error: str | None = None  # "file:line: reason", plain
    raw_error: str = ""  # the module's own Error: colours, traceback and all
    verdict: str = ""  # how it ended: "handled", "inbox", "untrusted", "not-assignable", "waiting"
    forgiven: tuple[Forgiven, ...] = ()


NO_RESULT = Result(verdict="handled")
