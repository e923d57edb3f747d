from __future__ import annotations

from aosim import Message
from aosim.clock import Clock
from aosim.scheduler import Scheduler


def _message(identity: str) -> Message:
    return Message(identity, "a", "a", "p", None, ())


def test_nonces_of_each_process_count_from_0_without_gaps() -> None:
    scheduler = Scheduler(Clock())
    order = "ppqpqq"
    nonces = [(process, scheduler.assign(_message(str(at)), process).nonce) for at, process in enumerate(order)]
    assert nonces == [("p", 0), ("p", 1), ("q", 0), ("p", 2), ("q", 1), ("q", 2)]
    assert [scheduler.nonce(process) for process in "pqr"] == [3, 3, 0]


def test_an_assignment_has_the_time_of_the_clock() -> None:
    clock = Clock(5_000)
    clock.advance(5_000 + 240_000)
    assignment = Scheduler(clock).assign(_message("m"), "p")
    assert (assignment.timestamp_ms, assignment.block_height, assignment.epoch) == (245_000, 1_580_002, 0)


def test_the_hash_chain_names_everything_before_it() -> None:
    def chain(*identities: str) -> str:
        scheduler = Scheduler(Clock())
        return [scheduler.assign(_message(identity), "p").hash_chain for identity in identities][-1]

    assert chain("a", "b", "c") == chain("a", "b", "c")
    assert len({chain("a", "b", "c"), chain("b", "a", "c"), chain("a", "c"), chain("c")}) == 4


def test_dry_runs_and_cron_messages_take_no_place_in_the_log() -> None:
    scheduler = Scheduler(Clock())
    dry, cron = scheduler.outside_log(_message("d"), "p"), scheduler.outside_log(_message("c"), "p", cron=True)
    assert (dry.nonce, dry.dry_run, dry.cron) == (None, True, False)
    assert (cron.nonce, cron.dry_run, cron.cron) == (None, False, True)
    assert scheduler.nonce("p") == 0


def test_a_process_that_was_never_made_starts_again_from_0() -> None:
    scheduler = Scheduler(Clock())
    first = scheduler.assign(_message("m"), "p")
    scheduler.forget("p")
    assert scheduler.assign(_message("m"), "p") == first
