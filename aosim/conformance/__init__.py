"""Recorded conversations with the reference module: answered again, compared, and told in numbers."""

from aosim.conformance.answering import answer_case, answer_cases
from aosim.conformance.comparing import difference
from aosim.conformance.page import PAGE, page_with
from aosim.conformance.recordings import Recording, read_recordings
from aosim.conformance.report import Difference, Known, Names, Report, Theme, make_report, read_known

__all__ = [
    "PAGE",
    "Difference",
    "Known",
    "Names",
    "Recording",
    "Report",
    "Theme",
    "answer_case",
    "answer_cases",
    "difference",
    "make_report",
    "page_with",
    "read_known",
    "read_recordings",
]
