"""LuaProcess: a process whose code is Lua, run by the runtime in `lua/`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from functools import lru_cache
from typing import Any, Self

from lupa.lua53 import LuaError

from aosim.colours import without_colours
from aosim.errors import BorderError, NotImaged
from aosim.limits import Limits
from aosim.luavm.border import python_value, texts_of, texts_to_bytes, to_bytes, to_text
from aosim.luavm.image import ImagedVm, image_of, lua_bytes_of
from aosim.luavm.past import Image, Past, Step, UndoCost, is_step
from aosim.luavm.vm import LETTING_THROUGH, Vm
from aosim.message import NO_RESULT, Assignment, AssignRequest, Forgiven, Outgoing, Result
from aosim.process import Host
from aosim.process_info import ProcessInfo
from aosim.profiles import AOS, Profile
from aosim.weave import Weave

_FIXED_TAGS = ("Data-Protocol", "ao", "Variant", "ao.TN.1", "Type", "Message", "Reference")
_NONCE, _FLAGS = 5, 7  # their places in a step
_PUSHED, _CRON, _DRY_RUN, _ASSIGNED, _BOOT = 1, 2, 4, 8, 16
_OWN_PLACE = re.compile(r'\[string "(?:\.[^"\n]*|json|ao)"\]:\d+: |\?:-1: ')
_TRACEBACK = re.compile(r"\s*stack traceback:\n(?:[ \t]+[^\n]*(?:\n|$))*")


class LuaProcess:
    """A process made of Lua.

    handle() is called once per assignment, in nonce order. A failing message gives a Result with an
    error and leaves the state as it was before; so does a dry run. Nothing in here asks for the
    time, for chance, or for anything outside.
    """

    def __init__(
        self,
        info: ProcessInfo,
        *,
        fidelity: str = "docs",
        profile: Profile = AOS,
        weave: Weave | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.info = info
        self._id = info.id
        self._born = info  # who it was at its start
        self._fidelity, self._profile, self._limits = fidelity, profile, limits
        self._weave = weave if weave is not None else Weave()
        self._wanted: tuple[str, ...] = ()  # parts of the runtime that have to be there from the start
        self._past = Past()
        self._log = self._past.log
        self._vm: Vm | None = self._new_vm()  # None: the state is to be made again from its past
        self._prompt = ""
        self._nothing = NO_RESULT

    def handle(self, assignment: Assignment) -> Result:
        """Evaluate one assignment and keep what it changed, unless it failed."""
        vm = self._vm or self._rebuilt()
        if vm.items_seen != len(self._weave):
            self._see_items(vm)
        if len(self._log) >= self._past.look_at and self._past.is_image_due(lua_bytes_of(vm)):
            self._take_image(vm)
        step = self._step_of(assignment)
        if step[_FLAGS] > _PUSHED:
            if step[_FLAGS] >= _BOOT:
                step = tuple(_same(value) if type(value) is bytes and len(value) < _LONG else value for value in step)
            return self._keep(step)
        # What `_keep` does, without the calls, for the two answers that nearly every message gets.
        try:
            out = vm.step(*step)
        except LuaError as problem:
            self._vm = None
            return _broken(problem)
        except BaseException:  # somebody has interrupted us
            self._vm = None
            raise
        if out is None:
            self._log.append(step)
            return self._nothing
        if out[0] != 1:
            return self._keep(step, out)
        self._log.append(step)
        return self._one_message(out)

    def _keep(self, step: Step, out: Any = None) -> Result:
        """Evaluate a step (unless the runtime has begun to answer it), and log it unless it failed."""
        result = self._evaluate(step, out)
        if result.error is None:
            self._log.append(step)
        else:
            self._vm = None
        return result

    def dry_run(self, assignment: Assignment) -> Result:
        """Evaluate one assignment and drop what it changed."""
        vm = self._vm or self._rebuilt()
        self._shorten_past(vm)
        vm.items_seen = len(self._weave)
        result = self._evaluate(self._step_of(assignment))
        self._vm = None
        return result

    def clone(self, host: Host | None = None) -> Self:
        """See `Process.clone`. Its Lua is made when it is first used."""
        if self._vm is not None:
            self._shorten_past(self._vm)
        return self._with_past(self._past.copy(), host)

    def state_at(self, nonce: int) -> dict[str, object]:
        """Its globals after the message with that place in its log, or after the last before it that did not fail."""
        then = self._with_past(self._past.until(nonce))
        return {name: then.read(name) for name in then.global_names()}

    def renamed(self, process_id: str) -> Self:
        """A clone that lives at another address: that is its `ao.id`. What its code has noted of the old one stays."""
        other = self.clone()
        other.info = self.info._replace(id=process_id)
        other._id = process_id
        other._log.append(tuple(other.info))
        return other

    def fresh(self) -> Self:
        """The same process as it was before its first message, or as it came by `renamed`."""
        return self._with_past(self._past.until_renamed())

    @property
    def undo_cost(self) -> UndoCost:
        """What it takes to make its state again, as it must be after a message that failed."""
        return self._past.undo_cost

    def _with_past(self, past: Past, host: Host | None = None) -> Self:
        other = copy(self)
        if host is not None:
            other._weave = host.weave
        other._past, other._log = past, past.log
        other._vm = None
        return other

    def last_value(self) -> object:
        """What the last Eval returned: tables as list or dict, functions and cycles as text."""
        return python_value((self._vm or self._rebuilt()).look(b"last_value"))

    def read(self, name: str) -> object:
        """A global, or a field by a dotted path, read without running any code of the author."""
        return (self._vm or self._rebuilt()).read(name)

    def waiting(self) -> int:
        """How many of its handlers wait for a message, in `receive` and its kin."""
        return int((self._vm or self._rebuilt()).look(b"waiting")[0])

    def global_names(self) -> list[str]:
        """The globals the author has made, in order of their names."""
        return (self._vm or self._rebuilt()).global_names()

    def _new_vm(self) -> Vm:
        return Vm(self._born, self._fidelity, self._profile, self._weave, self._limits, self._wanted)

    def _rebuilt(self) -> Vm:
        """The state, made again: from the last image, by the log since then."""
        past = self._past
        vm = self._vm = self._begun()
        for item in self._log:
            if is_step(item):
                self._repeat(vm, item)
            elif isinstance(item, int):
                vm.items_seen = item
            else:
                vm.rename(ProcessInfo(*item))
        if past.owe() and past.would_pay(lua_bytes_of(vm)):
            self._take_image(vm)
        return vm

    def _begun(self) -> Vm:
        """The state in which the log begins."""
        image = self._past.image
        if image is None:
            self._new_prompt(b"")
            return self._new_vm()
        vm = ImagedVm.from_image(image.data, self.info, self._fidelity, self._profile, self._weave, self._limits)
        vm.release()
        for name in self._wanted:
            vm.bring(name)
        self._new_prompt(to_bytes(image.prompt))
        return vm

    def _repeat(self, vm: Vm, step: Step) -> None:
        out = vm.step(*step)
        if out is not None and (out[0] != 1 or step[_FLAGS] >= _BOOT):
            out = vm.hand_over(out)
            if out is not None and self._answer(out).error is not None:
                raise BorderError(f"{self._id}: its message {step[_NONCE]} failed when it was evaluated again")
        if step[_FLAGS] >= _BOOT:
            vm.forget_parts()

    def _shorten_past(self, vm: Vm) -> None:
        """Take an image if that is cheaper than to evaluate once more what has come since the last."""
        if self._past.is_long() and self._past.is_longer_than_image(lua_bytes_of(vm)):
            self._take_image(vm)

    def _take_image(self, vm: Vm) -> None:
        try:
            data = image_of(vm)
        except NotImaged as problem:
            self._past.refuse(f"{problem.path or 'the runtime'} {problem.reason}")
            return
        except LuaError as problem:  # too large for the memory there is; the state is what it was
            self._past.refuse(str(problem))
            return
        self._past.take(Image(data, self._prompt))
        self._log = self._past.log

    def _see_items(self, vm: Vm) -> None:
        vm.items_seen = len(self._weave)
        self._log.append(len(self._weave))

    def _step_of(self, assignment: Assignment) -> Step:
        """An assignment as the runtime takes it."""
        message, _, nonce, epoch, timestamp_ms, block_height, hash_chain, cron, dry = assignment
        id_, sender, owner, target, data, flat, anchor, from_module, pushed_for, signature = message
        flags = _PUSHED if from_module else 0
        if cron or dry or target != self._id or id_ == self._id:
            flags += _CRON * cron + _DRY_RUN * dry + _ASSIGNED * (target != self._id) + _BOOT * (id_ == self._id)
            if cron:
                id_ = hash_chain = ""
        rest = f"{id_}\n{target}\n{hash_chain}\n{from_module}\n{pushed_for}\n{signature}\n{anchor}"
        try:
            return (
                sender.encode(),
                owner.encode(),
                None if data is None else data.encode(),
                timestamp_ms,
                block_height,
                nonce,
                epoch,
                flags,
                rest.encode(),
                *map(str.encode, flat),
            )
        except UnicodeError:
            return (
                *(to_bytes(sender), to_bytes(owner), None if data is None else to_bytes(data)),
                *(timestamp_ms, block_height, nonce, epoch, flags, to_bytes(rest)),
                *texts_to_bytes(flat),
            )

    def _evaluate(self, step: Step, out: Any = None) -> Result:
        vm = self._vm or self._rebuilt()
        try:
            if out is None:
                out = vm.step(*step)
            out = vm.hand_over(out)
            while out is not None and out[0] == b"missing":
                vm = self._with_part(vm, to_text(out[1]))
                out = vm.hand_over(vm.step(*step))
            result = self._answer(out)
        except LuaError as problem:
            result = _broken(problem)
        except BaseException:  # a fault of ours, or somebody has interrupted us
            self._vm = None
            raise
        if step[_FLAGS] >= _BOOT:
            vm.forget_parts()
        return result

    def _with_part(self, vm: Vm, name: str) -> Vm:
        """The state before the step that was given up for want of a part, with that part in it."""
        vm.want(name)
        self._wanted = vm.wanted
        if name == LETTING_THROUGH:  # which changes what is there at the start, and so nothing of an image can stay
            self._past.forget_images()
            self._log = self._past.log
        vm = self._rebuilt()
        vm.items_seen = len(self._weave)
        return vm

    def _one_message(self, out: tuple[Any, ...], verdict: str = "handled") -> Result:
        _, target, data, reference, *tags = out
        sent = _sent(target, data, reference, tags)
        result: Result = _new_tuple(Result, ((sent,), (), (), "", self._prompt, None, "", verdict, ()))
        return result

    def _answer(self, out: Any) -> Result:
        """The rarer answers of the runtime."""
        if out is None:
            return self._nothing
        kind = out[0]
        if kind == 1:
            return self._one_message(out)
        if kind == -1:
            return self._one_message(out, "waiting")
        if isinstance(kind, int):
            return self._few_messages(out, 1)
        if kind == b"plain":
            _, verdict, output, prompt = out[:4]
            if prompt is not False:
                self._new_prompt(prompt)
            return self._few_messages(out, 4, to_text(output), verdict.decode())
        return self._result(out)

    def _few_messages(self, out: Sequence[Any], at: int, output: str = "", verdict: str = "handled") -> Result:
        messages = []
        while at < len(out):
            after = at + 4 + out[at + 3]
            messages.append(_sent(out[at], out[at + 1], out[at + 2], out[at + 4 : after]))
            at = after
        values = (tuple(messages), (), (), output, self._prompt, None, "", verdict, ())
        result: Result = _new_tuple(Result, values)
        return result

    def _new_prompt(self, prompt: bytes) -> None:
        self._prompt = to_text(prompt)
        self._nothing = Result(prompt=self._prompt, verdict="handled")

    def _result(self, out: tuple[Any, ...]) -> Result:
        values = iter(out)
        verdict, output = to_text(next(values)), to_text(next(values))
        prompt, error, raw_error = next(values), next(values), next(values)
        if prompt is not False:
            self._new_prompt(prompt)
        if error is not False:
            return Result(
                output=output,
                error=plain_error(to_text(error)),
                raw_error=to_text(raw_error),
                verdict=verdict,
                forgiven=_forgiven(values),
            )
        return Result(
            messages=_requests(values),
            spawns=_requests(values),
            assignments=_assignments(values),
            output=output,
            prompt=self._prompt,
            verdict=verdict,
            forgiven=_forgiven(values),
        )


def _broken(problem: LuaError) -> Result:
    """The runtime itself was stopped: by a shortage, or by a fault of ours."""
    text = str(problem)
    return Result(error=plain_error(text), raw_error=text, verdict="failed")


_LONG = 65536  # bytes; what is longer is not kept for those to come


@lru_cache(maxsize=1024)
def _same(text: bytes) -> bytes:
    """The text, as the one object that stands for all that are equal: what processes boot with is much alike."""
    return text


_new_tuple: Any = tuple.__new__  # a NamedTuple's own constructor costs three times as much


def _sent(target: Any, data: Any, reference: bytes, tags: Iterable[bytes]) -> Outgoing:
    """A message as the runtime hands it out when nobody has looked at it: without the tags all have."""
    number = reference.decode()
    try:
        text = None if data is False else data.decode()
        flat = (*_FIXED_TAGS, number, *map(bytes.decode, tags))
        sent: Outgoing = _new_tuple(Outgoing, (target.decode(), text, number.zfill(32), flat, ""))
        return sent
    except (AttributeError, UnicodeError):  # without a target, or bytes that are no text
        flat = (*_FIXED_TAGS, number, *texts_of(tags))
        return Outgoing(_text_or_none(target), _text_or_none(data), number.zfill(32), flat)


def _text_or_none(value: Any) -> str | None:
    return None if value is False else to_text(value)


def plain_error(text: str) -> str:
    """An Error of a module as "place: reason": without colours, traceback and the runtime's own places."""
    text = _TRACEBACK.sub("\n", without_colours(text))
    return _OWN_PLACE.sub("", text).strip()


def _requests(values: Iterator[Any]) -> tuple[Outgoing, ...]:
    return tuple(_request(values) for _ in range(next(values)))


def _request(values: Iterator[Any]) -> Outgoing:
    target, data, anchor, problem, count = (next(values) for _ in range(5))
    return Outgoing(
        None if target is False else to_text(target),
        None if data is False else to_text(data),
        to_text(anchor),
        texts_of([next(values) for _ in range(count)]),
        "" if problem is False else to_text(problem),
    )


def _assignments(values: Iterator[Any]) -> tuple[AssignRequest, ...]:
    return tuple(
        AssignRequest(to_text(next(values)), texts_of([next(values) for _ in range(next(values))]))
        for _ in range(next(values))
    )


def _forgiven(values: Iterator[Any]) -> tuple[Forgiven, ...]:
    count = next(values)
    return tuple(Forgiven(*texts_of([next(values) for _ in range(3)])) for _ in range(count // 3))
