"""The files of the runtime, made into one chunk."""

from __future__ import annotations

from pathlib import Path

import pytest

from aosim.errors import SourceError
from aosim.luavm import source


def test_the_constants_of_a_file_are_numbers_in_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'local FROM, OWNER = 6, 7 -- places\nlocal HERE = "x"\nreturn r[FROM], r[OWNER], HERE, FROM_HERE, t.from\n'
    (tmp_path / "names.lua").write_text("local r, t\n")
    (tmp_path / "file.lua").write_text(text)
    monkeypatch.setattr(source, "lua_folder", lambda: tmp_path)
    code = source.together(tmp_path.glob("*.lua")).decode()
    assert code.startswith('local r, t\nlocal parts = {}\nparts["file"] = function(...)\n -- places\n')
    assert 'local HERE = "x"\nreturn r[6], r[7], HERE, FROM_HERE, t.from\n' in code


def test_the_runtime_looks_at_the_true_globals_only_to_take_them_over() -> None:
    text = source.together(source.lua_folder().glob("*.lua")) + b"return parts.kernel(parts, ...)"
    code = source.new_runtime().execute(b"return string.dump(assert(load((...))))", text)
    assert code.count(b"_ENV") == 1  # of the chunk itself, in names.lua


def test_one_text_is_checked_like_another() -> None:
    for _ in range(2):
        source.check_source("return 1", "good.lua")
        with pytest.raises(SourceError, match=r"bad\.lua:2: .* near 'y'"):
            source.check_source("\nx y =", "bad.lua")
