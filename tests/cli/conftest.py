"""A shop and a bank in a folder of their own, and a way to type commands there."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from aosim.cli.main import app
from cli.terminal import Terminal, Typed

SHOP = """\
Sold = Sold or 0

Handlers.add("Buy", "Buy", function(msg)
  Sold = Sold + 1
  local quantity = math.tointeger(tonumber(msg.Tags.Quantity))
  if not quantity then
    error("Quantity must be a whole number, got '" .. msg.Tags.Quantity .. "'")
  end
  print("sold " .. quantity)
  ao.send({ Target = msg.Tags.Bank, Action = "Transfer", Quantity = tostring(quantity * 100) })
  msg.reply({ Action = "Receipt", Data = "thank you" })
end)
"""
BANK = """\
Total = Total or 0

Handlers.add("Transfer", "Transfer", function(msg)
  Total = Total + tonumber(msg.Tags.Quantity)
end)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.lua").write_text(SHOP)
    (tmp_path / "bank.lua").write_text(BANK)
    return tmp_path


@pytest.fixture
def aosim(folder: Path) -> Terminal:
    runner = CliRunner()

    def typed(*words: str) -> Typed:
        done = runner.invoke(app, list(words), prog_name="aosim", catch_exceptions=False)
        return Typed(done.exit_code, done.stdout, done.stderr)

    return typed
