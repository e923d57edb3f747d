"""Messages as gateways, schedulers, compute units and processes write them down in JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from aosim.clock import TIME_MS_MAX
from aosim.errors import UsageError
from aosim.ids import address_of
from aosim.message import Message, find_tag

_MESSENGER_TAGS = ("Data-Protocol", "Type", "From-Process", "From-Module", "Pushed-For")
_SECONDS = 100_000_000_000  # a smaller number is a time in seconds: as milliseconds it would be before 1973


class Letter(NamedTuple):
    """A message of another network, with what is known of its place there."""

    id: str
    sender: str
    owner: str
    target: str
    data: str | None
    flat: tuple[str, ...]
    anchor: str
    signature: str
    timestamp_ms: int | None
    nonce: int | None
    made_id: bool  # it had none

    @property
    def is_process(self) -> bool:
        """Whether it made a process."""
        return find_tag(self.flat, "Type") == "Process"

    def message(self) -> Message:
        """The message, as it reaches a process; what a messenger has added at the end is known for that."""
        flat, from_module, pushed_for = self.flat, "", ""
        if find_tag(flat, "From-Process") == self.sender and find_tag(flat, "From-Module"):
            from_module = find_tag(flat, "From-Module", "") or ""
            pushed_for = find_tag(flat, "Pushed-For", "") or ""
            pairs = [(flat[at], flat[at + 1]) for at in range(0, len(flat), 2)]
            flat = tuple(part for pair in pairs if pair[0] not in _MESSENGER_TAGS for part in pair)
        return Message(
            *(self.id, self.sender, self.owner, self.target, self.data, flat),
            *(self.anchor, from_module, pushed_for, self.signature),
        )


def letters_of(found: Any) -> list[Letter]:
    """All messages in what a JSON file holds. Raises UsageError when it is not traffic."""
    letters, seen = [], dict[str, tuple[int, Letter]]()
    for number, one in enumerate(_nodes(found), 1):
        if not isinstance(one, Mapping):
            raise UsageError(f"message {number} is {_shown(one)}: an object with Id, From, Target, Tags and Data")
        letter = _letter(one, number)
        if not letter.target:
            raise UsageError(f"message {number} ({letter.id}) has no Target: say which process it is for")
        before, same = seen.setdefault(letter.id, (number, letter))
        if before == number:
            letters.append(letter)
        elif _differ(same, letter):  # where they do not, pages of an answer overlap
            raise UsageError(f"messages {before} and {number} are different and have one Id, {letter.id!r}: mend one")
    return letters


def _differ(one: Letter, other: Letter) -> bool:
    """Whether two cannot be the same message. Of one without data nobody knows what it held."""
    known = one.data is not None and other.data is not None and one.data != other.data
    return known or (one.sender, one.target, one.flat) != (other.sender, other.target, other.flat)


def _nodes(found: Any) -> Iterator[Any]:
    """The messages in a list, in an answer to a GraphQL query, or in the answer of a unit."""
    if isinstance(found, list):
        for one in found:
            if isinstance(one, Mapping) and (("data" in one and "transactions" in _of(one, "data")) or "edges" in one):
                yield from _nodes(one)  # answers, page by page
            else:
                yield _node(one)
    elif isinstance(found, Mapping) and "transactions" in _of(found, "data"):
        yield from _nodes(found["data"]["transactions"])
    elif isinstance(found, Mapping) and isinstance(found.get("edges"), list):
        yield from map(_node, found["edges"])
    elif isinstance(found, Mapping) and isinstance(found.get("messages"), list):
        yield from map(_node, found["messages"])
    else:
        raise UsageError(
            "it is no traffic: a list of messages, or the answer of a gateway ({data: {transactions: {edges: ...}}}) "
            "or of a scheduler ({edges: ...})"
        )


def _node(edge: Any) -> Any:
    return edge["node"] if isinstance(edge, Mapping) and isinstance(edge.get("node"), Mapping) else edge


def _of(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = found.get(name)
    return inner if isinstance(inner, Mapping) else {}


def _letter(one: Mapping[str, Any], number: int) -> Letter:
    assignment = _of(one, "assignment")
    body = _of(one, "message") or one
    where = f"message {number}"
    flat = _flat(_first(body, "Tags", "tags"), where)
    placed = _flat(_first(assignment, "tags", "Tags"), where)
    owner = _address(_first(body, "Owner", "owner"))
    sender = _text(_first(body, "From", "from", "From-Process"), where) or find_tag(flat, "From-Process") or owner
    target = _text(_first(body, "Target", "target", "recipient", "Recipient", "process"), where)
    target = target or find_tag(placed, "Process") or find_tag(flat, "Target") or ""
    data = _first(body, "Data", "data")
    identity = _text(_first(body, "Id", "id", "ID"), where)
    block = _of(body, "block")
    time = _first(body, "Timestamp", "timestamp") or find_tag(placed, "Timestamp") or block.get("timestamp")
    nonce = _first(body, "Nonce", "nonce", "ordinate")
    nonce = find_tag(placed, "Nonce") if nonce is None else nonce
    text = None if data is None or isinstance(data, Mapping) else _text(data, where)
    made = not identity
    identity = identity or address_of("imported", str(number), sender, target, text or "", *flat)
    if find_tag(flat, "Type") == "Process":
        target = identity
    return Letter(
        id=identity,
        sender=sender,
        owner=owner or sender,
        target=target,
        data=text,
        flat=flat,
        anchor=_text(_first(body, "Anchor", "anchor"), where),
        signature=_text(_first(body, "Signature", "signature"), where),
        timestamp_ms=_time_ms(time),
        nonce=_whole(nonce),
        made_id=made,
    )


def _first(found: Mapping[str, Any], *names: str) -> Any:
    return next((found[name] for name in names if found.get(name) is not None), None)


def _address(owner: Any) -> str:
    """An owner as its address: a gateway gives an object, others the text."""
    if isinstance(owner, Mapping):
        owner = owner.get("address")
    return owner if isinstance(owner, str) else ""


def _flat(tags: Any, where: str) -> tuple[str, ...]:
    if tags is None:
        return ()
    if isinstance(tags, Mapping):  # as a process sees them, in no order
        return tuple(part for name in sorted(tags) for part in (name, _text(tags[name], where)))
    if not isinstance(tags, list):
        raise UsageError(f"{where}: its tags are {_shown(tags)}: a list of {{name, value}}")
    flat: list[str] = []
    for tag in tags:
        if not isinstance(tag, Mapping) or "name" not in tag or "value" not in tag:
            raise UsageError(f"{where}: a tag is {_shown(tag)}: a name and a value")
        flat += (_text(tag["name"], where), _text(tag["value"], where))
    return tuple(flat)


def _text(value: Any, where: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    raise UsageError(f"{where}: {_shown(value)} is no text")


def _time_ms(value: Any) -> int | None:
    moment = _whole(value)
    if moment is None:
        return None
    moment = moment * 1_000 if moment < _SECONDS else moment
    return moment if moment <= TIME_MS_MAX else None


def _whole(value: Any) -> int | None:
    try:
        found = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if found >= 0 else None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
