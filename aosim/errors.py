"""Every exception aosim raises; each message names the thing, the place and the way out.

A handler that fails is not an exception: it is a `Result` with an error. An exception means that
the caller, or the simulator itself, is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: What Lua's require says, with the list of places where nobody here can put a file.
_MODULE_MISSING = re.compile(r"(module '([^']*)' not found):\n.*", re.DOTALL)


def _looked_for(found: re.Match[str]) -> str:
    if found[2] == "lsqlite3":
        return f"{found[1]}; it is in the module aos-sqlite alone: module='aos-sqlite', --module aos-sqlite"
    path = found[2].replace(".", "/").lstrip("/") + ".lua"
    return f"{found[1]}; files are looked for beside the file that requires them, as {path}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ " Did you mean 'ledger'?", or nothing when no known word is near."""
    import difflib  # where it is used: it takes as long to come as a tenth of everything else

    names = list(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    if not near:  # nor one that is only written in other letters
        folded = {name.lower(): name for name in names}
        near = [folded[name] for name in difflib.get_close_matches(word.lower(), folded, n=1, cutoff=0.5)]
    return f" Did you mean {near[0]!r}?" if near else ""


class AosimError(Exception):
    """The parent of all of them: `except AosimError` catches whatever a user can cause."""


class UsageError(AosimError, ValueError):
    """An argument that cannot be right: a negative delay, a tag that is no text, a time gone by."""


class UnknownName(AosimError, LookupError):
    """A process or wallet nobody has made. `also` is what can stand there beside the known names."""

    def __init__(self, name: str, known: Iterable[str], *, kind: str = "process or wallet", also: str = "") -> None:
        names = sorted(known)
        hint = did_you_mean(name, names)
        shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
        super().__init__(f"no {kind} {name!r}.{hint} Known: {shown or 'none yet'}{also}")
        self.name = name


class NameTaken(AosimError, ValueError):
    """A second process or wallet of one name."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the name {name!r} is taken in this simulation; names are addresses here, so each "
            f"may be used once. Choose another name=."
        )


class SourceError(AosimError):
    """Lua source that cannot be found, read or parsed."""


class BootError(AosimError):
    """A process whose own code failed while it was being made. Nothing of it is left.

    `error` is what failed, with file and line, `raw_error` the same as the runtime tells it.
    """

    def __init__(self, name: str, error: str, raw_error: str = "") -> None:
        error_told = _MODULE_MISSING.sub(_looked_for, error)
        super().__init__(
            f"process {name!r} was not made, its code failed while loading: {error_told}. "
            f"Nothing was changed; mend the file and spawn it again."
        )
        self.error, self.raw_error = error, raw_error or error


class MessageTooLarge(AosimError, ValueError):
    """A message over the size that its simulation allows."""

    def __init__(self, *, target: str, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(
            f"a message to {target!r} holds {size_bytes:,} bytes, the limit is {limit_bytes:,}. "
            f"Send less, or allow more with Simulation(limits=Limits(message_bytes_max=...))."
        )


class BorderError(AosimError):
    """A fault of the simulator itself: something crossed the border that never may."""


class NotImaged(AosimError):
    """A process whose state cannot be written down at the moment; its log can be evaluated again instead."""

    def __init__(self, path: str, reason: str) -> None:
        where = path or "something that only the runtime holds"
        super().__init__(
            f"no image of this process can be made now: {where} {reason}. Take it when that is over, or replay its log."
        )
        self.path = path
        self.reason = reason


class ImageRefused(AosimError):
    """Bytes that are no image of a process for the runtime that should take it. Nothing was changed."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"this image cannot be used: {problem}. Make the process again from its log.")


class JournalError(AosimError):
    """The file of a recorded run that is not what it should be, or cannot be written."""

    def __init__(self, path: object, problem: str) -> None:
        super().__init__(f"{path}: {problem}")


class Diverged(AosimError):
    """A recorded run that went another way when it was done again."""

    def __init__(self, entry: int, place: str, what: str, expected: object, got: object) -> None:
        super().__init__(
            f"{place}: the journal says {what}={expected!r}, this run says {got!r} "
            f"(entry {entry}, the first difference). Was the code or aosim changed since?"
        )
        self.entry, self.place, self.what, self.expected, self.got = entry, place, what, expected, got


class InvariantBroken(AosimError):
    """Something given to `Simulation.always` that does not hold any more. The message that broke it is handled."""

    def __init__(
        self,
        invariant: str,
        problem: str,
        *,
        event: int,
        after_ms: int,
        message_id: str,
        process: str,
        nonce: int,
        told: str,
        again: str,
    ) -> None:
        where = f", {told} to {process}" if told else f", at {process}" if process else ""
        number = f" (nonce {nonce})" if nonce >= 0 else ""
        super().__init__(
            f"{invariant} does not hold any more: {problem}. It was broken by event {event}{where}{number}, "
            f"{after_ms:_} ms after the start. Again: the same calls of {again}"
        )
        self.invariant, self.problem, self.again = invariant, problem, again
        self.event, self.after_ms = event, after_ms  # which event of the run, and when
        self.message_id, self.process, self.nonce = message_id, process, nonce  # "", "", -1 when none was handled
        self.told = told  # "Action=Transfer from alice"

    @property
    def what(self) -> str:
        """How it is broken and by what: "it is False, after event 12, Action=Transfer from alice to ledger"."""
        by = f", {self.told} to {self.process}" if self.told else ""
        return f"{self.problem}, after event {self.event}{by}"

    @property
    def short(self) -> str:
        """What is broken, how and by what."""
        return f"{self.invariant}: {self.what}"


class EvalError(AosimError):
    """Lua given to `eval` that failed, with `error` as the process sees it. Nothing was changed."""

    def __init__(self, process: str, error: str) -> None:
        super().__init__(f"{process}: {_MODULE_MISSING.sub(_looked_for, error)}")
        self.error = error


class EndlessLoop(AosimError):
    """A run without bounds in which one chain of messages does not end."""

    def __init__(self, *, hops: int, route: str, actions: str) -> None:
        super().__init__(
            f"one chain of messages has gone on for {hops:,} hops: {route} ({actions}). "
            f"Let a handler end it (answer only what expects an answer), run it in bounds with "
            f"run(for_ms=...) or run(events_max=...), or allow more with Limits(hops_max=...)."
        )


class TooManyChildren(AosimError):
    """A run without bounds in which one chain of messages makes ever more processes."""

    def __init__(self, *, children: int, parent: str, began_with: str) -> None:
        began = f", begun by {began_with}," if began_with else ""
        super().__init__(
            f"one chain of messages{began} has made {children:,} processes, the latest by {parent}. Let a handler "
            f"end it (does one that spawns take the answer, Action=Spawned, too?), run it in bounds with "
            f"run(for_ms=...) or run(events_max=...), or allow more with Limits(children_max=...)."
        )


class TooManyWaiting(AosimError):
    """More messages on the way than a simulation may hold."""

    def __init__(self, *, waiting: int, busiest: str) -> None:
        super().__init__(
            f"{waiting:,} messages are on the way, most of them to {busiest}: handlers send more than "
            f"is handled. Look there, or allow more with Limits(waiting_max=...)."
        )


class ObserverTouched(AosimError):
    """An observer, or the handler of a Python process, tried to use the simulation while it runs."""

    def __init__(self) -> None:
        super().__init__(
            "an observer may look at a run, not change it: note what you saw and act after run() returns. "
            "The handler of a Python process sends with me.send(...) and me.reply(...) only"
        )
