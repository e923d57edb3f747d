"""How a process comes to be: its tags, its Process message, its first evaluation."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import Any, NamedTuple

from aosim.checks import check_text, text_tags
from aosim.cron import CronSpec, cron_plan, cron_tags
from aosim.engine import Engine
from aosim.errors import BootError, NameTaken, UnknownName, UsageError
from aosim.handles import Address, Tags
from aosim.ids import address_of, is_address
from aosim.luavm.bare import BareProcess
from aosim.luavm.bundle import Source, load_source
from aosim.luavm.process import LuaProcess
from aosim.luavm.sleeper import SleepyProcess
from aosim.message import Message, find_tag
from aosim.messenger import MESSENGER_ID, signed
from aosim.outside import CLIENT_TAGS, Outside, pairs_of
from aosim.packing import pack
from aosim.process import Process, PythonHandler, PythonProcess
from aosim.process_info import ProcessInfo
from aosim.profiles import PROFILES, profile_named, profile_of
from aosim.residents import Resident
from aosim.scheduler import SCHEDULER_ID
from aosim.sleeping import Dormitory

Copied = PythonProcess | LuaProcess | BareProcess
_NO_CODE = Source("", "")
_MODULES = "a module is a name such as 'aos', an id of 43 characters, or a file that ends with .lua"
_MODULE_TAGS = (
    *("Data-Protocol", "ao", "Variant", "ao.TN.1", "Type", "Module"),
    *("Module-Format", "wasm64-unknown-emscripten-draft_2024_02_15"),
    *("Input-Encoding", "JSON-1", "Output-Encoding", "JSON-1"),
    *("Memory-Limit", "1-gb", "Compute-Limit", "9000000000000"),
)


class SpawnPlan(NamedTuple):
    """A process to be made, checked: plain values only."""

    name: str
    owner_id: str
    given: tuple[str, ...]  # the flat tags the caller gave, those of cron included
    module_id: str
    own_module: Source | None  # a module of one's own
    code: Source
    on_boot: bool
    in_python: bool
    identity: str = ""  # the id of a process that lived on another network; "" for one made from its content


class Spawner:
    """Makes processes. Everything is checked before anything is changed."""

    def __init__(self, engine: Engine, outside: Outside, fidelity: str, dormitory: Dormitory | None = None) -> None:
        self._engine = engine
        self._outside = outside
        self._fidelity = fidelity
        self._dormitory = dormitory  # where Lua processes sleep, if they do
        self.modules: dict[str, Source] = {}  # modules of one's own by their ids
        self._numbers: dict[str, int] = {}  # where to begin to look for a free name
        self._made = 0  # tells apart two processes made alike

    def fork(self, engine: Engine, outside: Outside) -> Spawner:
        """The same for another engine; from here on neither knows of the other."""
        other = copy(self)
        other._engine, other._outside, other.modules = engine, outside, self.modules.copy()
        other._numbers = self._numbers.copy()
        return other

    def plan(
        self,
        source: str | Path | PythonHandler,
        *,
        name: str | None,
        owner: Address | None,
        tags: Tags,
        module: str | Path,
        cron: CronSpec | None,
        on_boot: bool,
        file: str | None,
    ) -> SpawnPlan:
        """See `Simulation.spawn`. Changes nothing."""
        if name is not None:
            self.check_name(name)
        given = text_tags(pairs_of(tags), f"spawn of {name or 'a process'}")
        given += cron_tags(cron) if cron is not None else ()
        cron_plan(given, self._engine.clock)
        module_id, own_module = _module(module)
        owner_id = self._outside.resolve(owner if owner is not None else "owner")
        code = _NO_CODE if callable(source) else load_source(source, file)
        name = name or self._free_name(code)
        return SpawnPlan(name, owner_id, given, module_id, own_module, code, on_boot, callable(source))

    def make(self, plan: SpawnPlan, handler: PythonHandler | None) -> Resident:
        """Make a process, of a Python function when one is given. Raises BootError; then nothing has happened."""
        name, owner_id, given, module_id, own_module, code, on_boot, _, identity = plan
        if own_module is not None:
            self.modules[module_id] = own_module
        flat = _process_tags(name, given, module_id, code if on_boot else _NO_CODE)
        data = code.text if on_boot and code.text else " "
        first = signed(owner_id, owner_id, "", data, flat, number=self._made + 1)
        message = first[0]
        if identity:
            message = message._replace(id=identity, target=identity)
            first = message, pack(("imported", *message))
        process_id = message.id
        process = (
            PythonProcess(process_id, handler, self._engine.close)
            if handler is not None
            else self.lua_process(message, module_id)
        )
        resident = Resident(process_id, name, owner_id, flat, process)
        resident.cron = cron_plan(flat, self._engine.clock)
        self._boot(resident, first, _NO_CODE if on_boot else code)
        self._made += 1
        return resident

    def copy(self, origin: Resident, name: str) -> Resident:
        """Make a process that goes on from the state of another, at an address of its own."""
        process_id = address_of("fork", origin.id, name, str(self._made + 1))
        assert isinstance(origin.process, Copied)
        resident = origin.fork(origin.process.renamed(process_id))
        resident.id, resident.name = process_id, name
        self._made += 1
        engine = self._engine
        engine.scheduler.branch(origin.id, process_id)
        engine.journal.append(pack(("copied", origin.id, process_id, name, engine.clock.now_ms)))
        engine.admit(resident)
        return resident

    def name_of_copy(self, origin: Resident, name: str | None) -> str:
        """The name of a copy: the one that is wanted, or that of its origin with a number. Raises as `check_name`."""
        if name is not None:
            self.check_name(name)
        return name or self._numbered(origin.name)

    def lua_process(self, message: Message, module_id: str) -> Process:
        """The Lua process that a Process message asks for, not evaluated yet."""
        info = ProcessInfo(message.id, message.owner, message.flat, module_id, SCHEDULER_ID, _MODULE_TAGS)
        if module_id in self.modules:
            lenient = self._fidelity == "docs"
            return BareProcess(info, self.modules[module_id], lenient=lenient, dormitory=self._dormitory)
        options: dict[str, Any] = {
            "fidelity": self._fidelity,
            "profile": profile_of(module_id),
            "weave": self._engine.weave,
            "limits": self._engine.limits,
        }
        if self._dormitory is not None:
            return SleepyProcess(info, dormitory=self._dormitory, **options)
        return LuaProcess(info, **options)

    def check_name(self, name: str) -> None:
        """Raise UsageError or NameTaken for a name that a new process or wallet cannot have."""
        if not isinstance(name, str) or not name.strip():
            raise UsageError(f"name={name!r}: a name is a text that is not blank")
        check_text(name, f"name={name!r}")
        if is_address(name):
            raise UsageError(f"name={name!r}: 43 such characters are an address, a name must not look like one")
        if name in self._engine.names:
            raise NameTaken(name)

    def _free_name(self, code: Source) -> str:
        return self._numbered(Path(code.chunk).stem if code.chunk else "process")

    def _numbered(self, stem: str) -> str:
        number = self._numbers.get(stem, 1)  # all before it are taken
        name = stem if number == 1 else f"{stem}-{number}"
        while name in self._engine.names:
            number += 1
            name = f"{stem}-{number}"
        self._numbers[stem] = number
        return name

    def _boot(self, resident: Resident, first: tuple[Message, bytes], script: Source) -> None:
        """Evaluate the Process message, and the script after it; on failure nothing has happened."""
        scheduler, owner = self._engine.scheduler, resident.owner
        letters = [first]
        if script.text:
            flat = ("Action", "Eval", *CLIENT_TAGS, *(("Source-File", script.chunk) if script.chunk else ()))
            letters.append(signed(owner, owner, resident.id, script.text, flat, cause="load"))
        evaluated = []
        for message, _ in letters:
            assignment = scheduler.assign(message, resident.id)
            result = resident.process.handle(assignment)
            if result.error is not None:
                scheduler.forget(resident.id)
                raise BootError(resident.name, self._why(message, result.error), result.raw_error)
            evaluated.append((assignment, result))
        self._engine.admit(resident)
        for letter, (assignment, result) in zip(letters, evaluated, strict=True):
            self._engine.publish(letter)
            self._engine.counts.sent += 1
            self._engine.record(resident, assignment, result)

    def _why(self, first: Message, error: str) -> str:
        """Why a process could not boot; in docs fidelity in clearer words than the reference has."""
        item = find_tag(first.flat, "On-Boot", "Data") or ""
        if self._fidelity == "docs" and item != "Data" and self._engine.weave.find(item) is None:
            return (
                f"its tag On-Boot names the item {item!r}, which is not on Arweave; "
                f"put it there with sim.upload(..., id={item!r}), or --item {item}=FILE"
            )
        return error


def _module(module: str | Path) -> tuple[str, Source | None]:
    """The id of a module, and its text when it is one of the caller's own."""
    if not isinstance(module, str | Path):
        raise UsageError(f"module={module!r}: {_MODULES}, or nothing at all for aos")
    if isinstance(module, Path) or check_text(module, "module=").endswith(".lua"):
        own = load_source(Path(module))
        return address_of("module", *own), own
    profile = profile_named(module)
    if profile is not None:
        return profile.module_id, None
    if not is_address(module):
        raise UnknownName(module, ["aos", *PROFILES], kind="module", also=f" ({_MODULES})")
    return module, None


def _process_tags(name: str, given: tuple[str, ...], module_id: str, code: Source) -> tuple[str, ...]:
    """The tags of a process as the aos client writes them, around those it was given."""
    flat: tuple[str, ...] = ("App-Name", "aos", "Name", name)
    if find_tag(given, "Authority") is None:
        flat += ("Authority", MESSENGER_ID)
    flat += ("aos-Version", profile_of(module_id).version, *given)
    if code.text and find_tag(given, "On-Boot") is None:
        flat += ("On-Boot", "Data")
    if code.chunk:
        flat += ("Source-File", code.chunk)
    flat += ("Data-Protocol", "ao", "Variant", "ao.TN.1", "Type", "Process", "Module", module_id)
    if find_tag(given, "Scheduler") is None:
        flat += ("Scheduler", SCHEDULER_ID)
    return (*flat, "Content-Type", "text/plain", "SDK", "aoconnect")
