"""Recorded conversations with the reference module: answered again, compared, and told in numbers."""

from aosim.conformance.answering import answer_case, answer_cases
from aosim.conformance.comparing import difference

__all__ = ["answer_case", "answer_cases", "difference"]
