"""`aosim conformance`: cases from stdin, answers to stdout."""

from __future__ import annotations

import sys

from aosim.conformance import answer_cases


def main() -> None:
    """Read cases from stdin and write answers to stdout."""
    sys.stdin.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    for answer in answer_cases(sys.stdin):
        sys.stdout.write(answer + "\n")


if __name__ == "__main__":
    main()
