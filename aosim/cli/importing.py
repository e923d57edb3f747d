"""`aosim import`: recorded messages of another network as a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aosim.cli.live import LiveLog
from aosim.cli.paper import Paper
from aosim.cli.summary import number_of, print_record, print_summary
from aosim.errors import UsageError
from aosim.ids import is_address
from aosim.replay import Place, import_traffic
from aosim.simulation import FIDELITIES, Simulation


def show_import(
    file: Path,
    words: Sequence[str],
    *,
    journal: Path | None,
    seed: int,
    fidelity: str,
    as_json: bool,
    quiet: bool,
) -> int:
    """Import, print what happens, and return the exit code: 1 when a handler failed."""
    if fidelity not in FIDELITIES:
        raise UsageError(f"--fidelity {fidelity!r}: there are {' and '.join(map(repr, FIDELITIES))}")
    places = dict(map(_place, words))
    paper = Paper(as_json=as_json)

    def prepare(sim: Simulation) -> None:
        if not quiet:
            sim.observe(LiveLog(sim, paper, places))

    found = import_traffic(file, places, journal=journal, seed=seed, fidelity=fidelity, prepare=prepare)
    sim = found.simulation
    remarks = list(found.remarks)
    if found.elsewhere:
        count = sum(found.elsewhere.values())
        remarks.append(f"{number_of(count, 'message')} to {number_of(len(found.elsewhere), 'other')} left out")
    for text in remarks:
        paper.line(paper.paint(text, "yellow"))
    paper.object("import", messages=found.messages, elsewhere=dict(found.elsewhere), remarks=list(found.remarks))
    again = ["aosim", "import", str(file)]
    for word in words:
        again += ["--process", word]
    again += [*(["--seed", str(seed)] if seed else []), *(["--fidelity", fidelity] if fidelity != "docs" else [])]
    print_summary(paper, sim, again)
    sim.close()
    print_record(paper, sim, journal)
    return 1 if sim.counts.failed else 0


def _place(word: str) -> tuple[str, Place]:
    """ "ledger@address=ledger.lua" """
    name, equals, file = word.partition("=")
    name, _, address = name.partition("@")
    if not equals or not name or not file or (address and not is_address(address)):
        raise UsageError(
            f"--process {word!r}: a name and its code, as in ledger=ledger.lua or ledger@<address>=ledger.lua"
        )
    return name, Place(Path(file), address)
