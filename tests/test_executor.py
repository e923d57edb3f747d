from __future__ import annotations

from aosim import Assignment, Message, Result
from aosim.executor import SerialExecutor
from aosim.process import Host


class _Echo:
    """Answers with its own name and the id of the message."""

    def __init__(self, name: str) -> None:
        self.name = name

    def handle(self, assignment: Assignment) -> Result:
        return Result(output=f"{self.name}:{assignment.message.id}", verdict="handled")

    def dry_run(self, assignment: Assignment) -> Result:
        return self.handle(assignment)

    def clone(self, host: Host | None = None) -> _Echo:
        return self


def test_results_come_in_the_order_of_the_assignments() -> None:
    executor = SerialExecutor({"p": _Echo("p"), "q": _Echo("q")})
    wanted = [("q", "1"), ("p", "2"), ("q", "3")]
    assignments = [
        Assignment(Message(identity, "", "", process, None, ()), process, 0, 0, 0, 0) for process, identity in wanted
    ]
    assert [result.output for result in executor.evaluate(assignments)] == ["q:1", "p:2", "q:3"]
    assert [result.output for result in executor.evaluate(assignments[1:2])] == ["p:2"]
    assert executor.evaluate([]) == []
