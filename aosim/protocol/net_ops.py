"""The ops for many processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aosim.clock import BLOCK_MS, START_HEIGHT, START_MS
from aosim.messenger import MESSENGER_ID
from aosim.protocol import fields
from aosim.protocol.fields import Request
from aosim.protocol.modules import Modules, code_of
from aosim.protocol.nets import Delivery, Net, NetClock, Sent, item_json
from aosim.protocol.refusals import bad_request, unknown

Answer = dict[str, Any]

#: How many messages one net.run evaluates unless it says `max`: two processes may answer each other for ever.
RUN_MAX = 100_000


class Nets:
    """What `net.open` opened."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._nets: dict[str, Net] = {}
        self._opened = 0

    def ops(self) -> dict[str, Callable[[Request], Answer]]:
        """The ops by their names."""
        with_net: dict[str, Callable[[Net, Request], Answer]] = {
            "spawn": self._spawn,
            "send": _send,
            "cron": _cron,
            "run": _run,
            "eval": _eval,
            "message": _message,
            "messages": _messages,
            "inbox": _inbox,
            "queue": _queue,
            "reorder": _reorder,
            "advance": _advance,
        }
        return {
            "net.open": self._open,
            "net.close": self._close,
            **{f"net.{name}": self._of_net(op) for name, op in with_net.items()},
        }

    def _open(self, request: Request) -> Answer:
        clock = fields.mapping_or_empty(request, "clock")
        seed = request.get("seed")
        if not (seed is None or isinstance(seed, int | str)) or isinstance(seed, bool):
            raise bad_request("seed must be a whole number or a text")
        net = Net(
            self._modules,
            NetClock(
                fields.whole(clock, "start", START_MS),
                fields.whole(clock, "height", START_HEIGHT),
                fields.whole(clock, "blockMs", BLOCK_MS, least=1),
            ),
            str(0 if seed is None else seed),
        )
        self._opened += 1
        name = f"n{self._opened}"
        self._nets[name] = net
        return {"net": name, "authority": MESSENGER_ID}

    def _close(self, request: Request) -> Answer:
        self._net(request)
        del self._nets[request["net"]]
        return {}

    def _net(self, request: Request) -> Net:
        name = fields.text(request, "net")
        if name not in self._nets:
            raise unknown("net", name)
        return self._nets[name]

    def _of_net(self, op: Callable[[Net, Request], Answer]) -> Callable[[Request], Answer]:
        return lambda request: op(self._net(request), request)

    def _spawn(self, net: Net, request: Request) -> Answer:
        module = request.get("module")
        spec = {"name": module} if isinstance(module, str) else fields.mapping_or_empty(request, "module")
        process_id, result = net.spawn(
            fields.text_or_none(request, "process"),
            fields.text(request, "owner"),
            fields.tags(request, "tags"),
            fields.text_or_none(request, "data") or " ",
            code_of(spec),
        )
        return {"process": process_id, "result": result}


def _send(net: Net, request: Request) -> Answer:
    identity = net.send(
        fields.text(request, "from"),
        fields.text(request, "target"),
        fields.text_or_none(request, "data"),
        fields.tags(request, "tags"),
        sent_for=fields.text_or_none(request, "as"),
        forged=fields.flag(request, "forged"),
    )
    return {"message": identity}


def _cron(net: Net, request: Request) -> Answer:
    target, data = fields.text(request, "target"), fields.text_or_none(request, "data")
    return {"message": net.cron(target, data, fields.tags(request, "tags"))}


def _run(net: Net, request: Request) -> Answer:
    evaluated = [_told(delivery, sent) for delivery, sent in net.run(fields.whole(request, "max", RUN_MAX))]
    return {"evaluated": evaluated, "idle": net.is_idle()}


def _told(delivery: Delivery, sent: Sent) -> Answer:
    told: Answer = {"message": delivery.item.message.id, "process": delivery.to}
    if sent.error is not None:
        told["error"] = sent.error
    if sent.undelivered:
        told["undelivered"] = sent.undelivered
    return told


def _eval(net: Net, request: Request) -> Answer:
    sent = net.evaluate(fields.text(request, "process"), fields.text(request, "code"))
    if sent.error is not None:
        return {"error": sent.error}
    output = sent.result.get("Output")
    data = output.get("data") if isinstance(output, dict) else output
    answer: Answer = {} if data in (None, "") else {"output": data}
    answer["messages"] = sent.messages
    if sent.undelivered:
        answer["undelivered"] = sent.undelivered
    return answer


def _message(net: Net, request: Request) -> Answer:
    item = net.item(fields.text(request, "message"))
    return {"message": None if item is None else item_json(item)}


def _messages(net: Net, request: Request) -> Answer:
    target = fields.text_or_none(request, "target")
    found = [item_json(item) for item in net.items() if target is None or item.message.target == target]
    return {"messages": found}


def _inbox(net: Net, request: Request) -> Answer:
    process_id = net.process(fields.text(request, "process")).id
    found = [
        {**item_json(delivery.item), "evaluated": delivery.evaluated}
        for delivery in net.deliveries
        if delivery.to == process_id
    ]
    return {"messages": found}


def _queue(net: Net, request: Request) -> Answer:
    return {"messages": net.waiting(fields.text(request, "process"))}


def _reorder(net: Net, request: Request) -> Answer:
    net.reorder(fields.text(request, "process"), fields.texts(request, "messages"))
    return {}


def _advance(net: Net, request: Request) -> Answer:
    net.clock.passed_ms += fields.whole_given(request, "ms")
    return {"time": net.clock.now_ms, "height": net.clock.height}
