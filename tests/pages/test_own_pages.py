"""The project's own pages, and the page of the AO documentation that its examples come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from aosim.pages import Status, run_page

ROOT = Path(__file__).parents[2]
SEED = ROOT / "examples" / "communication" / "process-communication.md"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=[path.relative_to(ROOT).as_posix() for path in PAGES])
def test_no_block_of_a_page_is_an_error(page: Path) -> None:
    assert [(str(block), block.reason) for block in run_page(page, strict=True) if block.failed] == []


def test_every_lua_block_of_the_ao_documentations_page_runs() -> None:
    blocks = run_page(SEED)
    assert {block.status for block in blocks if block.language == "lua"} == {Status.OK}
    assert len([block for block in blocks if block.language == "lua"]) == 16
    assert {block.reason for block in blocks if block.language != "lua"} == {"its fence says javascript"}
