"""What docs fidelity forgave: the list that keeps anybody from being surprised after deployment."""

from __future__ import annotations

from typing import NamedTuple

#: What the network would do, by rule.
ON_THE_NETWORK = {
    "camel-tag": "tag names arrive in title case there (RequestId as Requestid), so this reads nil",
    "json-global": 'there is no global json there: local json = require("json")',
    "tag-text": "a message with a tag or Data that is no text is not delivered there: use tostring",
    "child-authority": "a child without an Authority tag ignores what its parent sends there",
    "deliver-later": "Deliver-After and Deliver-At are ordinary tags there, nothing is delayed",
    "sqlite-module": "lsqlite3 is only there in a module built with it: spawn with module='aos-sqlite'",
    "module-name": "only ids are modules there, names are not: a spawn that names one makes nothing",
    "name-target": "only addresses are targets there, names are not",
}


class Finding(NamedTuple):
    """Something that works here and would not on the network."""

    rule: str
    process: str  # its name, or its id
    place: str  # "file:line" in the author's code
    detail: str

    @property
    def on_the_network(self) -> str:
        """What the network would do."""
        return ON_THE_NETWORK[self.rule]


class Findings:
    """Findings in the order they were made, each place once per rule and process."""

    def __init__(self) -> None:
        self.all: list[Finding] = []
        self._seen: set[Finding] = set()

    def fork(self) -> Findings:
        """Another with the same findings; from here on neither knows of the other."""
        other = Findings()
        other.all, other._seen = self.all.copy(), self._seen.copy()
        return other

    def add(self, finding: Finding) -> bool:
        """Keep it unless it is known; whether it was new."""
        if finding in self._seen:
            return False
        self._seen.add(finding)
        self.all.append(finding)
        return True
