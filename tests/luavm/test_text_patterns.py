"""Tables as patterns: the quick way of the search and Utils.matchesSpec always agree."""

from __future__ import annotations

from random import Random

import pytest

from .test_process import BOB, OWNER, Bench

_QUICK = "Handlers.add('spec', {spec}, function(m) print('matches') end)"
_BY_THE_BOOK = """
local spec = {spec}
Handlers.add('spec', function(m) return Utils.matchesSpec(m, spec) end, function(m) print('matches') end)
"""
_KEYS = (
    "Action",
    "Kind",
    "From",
    "Owner",
    "Type",
    "Variant",
    "Timestamp",
    "Pushed-For",
    "Reference",
    "RequestId",
    "Id",
)
_VALUES = (
    *("'Transfer'", "'transfer'", "'TRANSFER'", "'_'", "''", "'-'", "'trans.*'", "'%'", f"'{BOB}'", f"'{BOB.upper()}'"),
    *("'1'", "1", "true", "{ 'Transfer', 'Kind' }", "{}", "function(v) return v == 'Transfer' end", "'Message'"),
)
_TEXTS = ("Transfer", "transfer", "tRANSFER", "_", "", "-", "1", "trans.", BOB, OWNER, "Message")


def _spec(chance: Random) -> str:
    pairs = {chance.choice(_KEYS): chance.choice(_VALUES) for _ in range(chance.randint(0, 3))}
    return "{ " + ", ".join(f"['{key}'] = {value}" for key, value in pairs.items()) + " }"


def _flat(chance: Random) -> tuple[str, ...]:
    names = (*_KEYS[:2], "action", "From", "Type", "Variant", "Reference", "RequestId", "kind")
    return tuple(part for _ in range(chance.randint(0, 4)) for part in (chance.choice(names), chance.choice(_TEXTS)))


@pytest.mark.parametrize("seed", range(40))
def test_a_table_pattern_matches_what_matches_spec_says(seed: int) -> None:
    chance = Random(seed)
    spec = _spec(chance)
    quick, by_the_book = (Bench(text.format(spec=spec)) for text in (_QUICK, _BY_THE_BOOK))
    for _ in range(25):
        flat, pushed = _flat(chance), chance.random() < 0.5
        one, other = (bench.push(*flat) if pushed else bench.send(*flat) for bench in (quick, by_the_book))
        assert (one.output, one.verdict, one.error is None) == (other.output, other.verdict, other.error is None), (
            spec,
            flat,
        )


def test_a_replaced_matches_spec_is_asked() -> None:
    bench = Bench("Handlers.add('spec', { Kind = 'A' }, function() print('matches') end)")
    assert bench.send("Kind", "B").verdict == "inbox"
    bench.eval("Utils.matchesSpec = function(m, spec) return m.Kind == 'B' end")
    assert bench.send("Kind", "B").output == "matches"
    assert bench.send("Kind", "A").verdict == "inbox"


def test_a_pattern_that_is_edited_holds_as_it_is_now() -> None:
    bench = Bench("Spec = { Kind = 'A' } Handlers.add('spec', Spec, function() print('matches') end)")
    assert bench.send("Kind", "a").output == "matches"
    bench.eval("Spec.Kind = 'B'")
    assert bench.send("Kind", "A").verdict == "inbox"
    assert bench.send("Kind", "b").output == "matches"
