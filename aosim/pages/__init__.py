"""Documentation as tests: the Lua of a Markdown page is run, and each block has an answer.

from aosim.pages import run_page

for block in run_page("docs/guide.md"):
    assert not block.failed, block.reason
"""

from aosim.pages.runner import Block, Status, read_page, run_page

__all__ = ["Block", "Status", "read_page", "run_page"]
