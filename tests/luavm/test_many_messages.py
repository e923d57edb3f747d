"""A handler may send more than Lua hands over at once."""

from __future__ import annotations

import pytest

from .test_process import BOB, Bench

_SENDER = f"""
Handlers.add("many", "Many", function(msg)
  for i = 1, tonumber(msg.Count) do
    ao.send({{ Target = "{BOB}", Number = tostring(i) }})
  end
  if msg.Print then
    print("sent")
  end
  if msg.Look then
    print(#ao.outbox.Messages)
  end
end)
"""


@pytest.mark.parametrize("extra", [(), ("Print", "yes"), ("Look", "yes")])
@pytest.mark.parametrize("count", [1_600, 60_000])
def test_every_message_leaves_in_its_order(count: int, extra: tuple[str, ...]) -> None:
    result = Bench(_SENDER).send("Action", "Many", "Count", str(count), *extra)
    assert result.error is None
    assert [sent.flat[-1] for sent in result.messages] == [str(i) for i in range(1, count + 1)]


def test_the_next_message_is_handled_as_ever() -> None:
    bench = Bench(_SENDER)
    bench.send("Action", "Many", "Count", "20000")
    (sent,) = bench.send("Action", "Many", "Count", "1").messages
    assert sent.anchor == "20001".zfill(32)
