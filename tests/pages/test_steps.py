from __future__ import annotations

import pytest

from aosim.pages.fences import fences
from aosim.pages.steps import Plan, Step, plan_of


def plan(text: str, language: str = "lua") -> Plan:
    (fence,) = fences(f"````{language}\n{text}\n````")
    return plan_of(fence, "page.md")


def evals(*texts: str) -> list[tuple[str, str]]:
    return [("eval", text) for text in texts]


def steps(made: Plan) -> list[tuple[str, str]]:
    return [(step.kind, step.text) for step in made.steps]


@pytest.mark.parametrize("text", ["x = 1", "1 + 1", "Handlers.list", "return 5", "local x = ...", "-- c\nf()"])
def test_a_block_of_lua_is_evaluated_as_it_is(text: str) -> None:
    assert plan(text) == Plan((Step("eval", text, 2),))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("function f() ... end", "page.md:2: unexpected symbol near '...'"),
        ("a = 1,\nb = 2", "page.md:3: unexpected symbol near '='"),
        ("x = 1\nnpm i -g aos", "page.md:3: syntax error near 'i'"),
        ("x = 1\nif x then", "page.md:3: 'end' expected near <eof>"),
    ],
)
def test_a_fragment_is_no_lua_and_the_parser_says_why(text: str, problem: str) -> None:
    assert plan(text) == Plan(not_lua=problem)


def test_a_block_of_comments_has_nothing_to_evaluate() -> None:
    assert plan("-- a\n--[[ b ]]\n") == Plan()


@pytest.mark.parametrize("language", ["javascript", "sh", "json", "text", "python"])
def test_a_block_of_another_language_is_no_lua_even_when_it_would_parse(language: str) -> None:
    assert plan("x = 1", language) == Plan(not_lua=f"its fence says {language}")


@pytest.mark.parametrize("text", ["x = 1", "Send({ Target = ao.id })", "local a\nreturn a"])
def test_a_block_without_a_language_is_lua_when_its_statements_parse(text: str) -> None:
    assert steps(plan(text, "")) == evals(text)


@pytest.mark.parametrize("text", ["Hello", "5", "aos", '{"a": 1}', "$ aos", "hello world", "-- nothing"])
def test_a_block_without_a_language_is_no_lua_when_it_is_but_an_expression(text: str) -> None:
    made = plan(text, "")
    assert (made.steps, bool(made.not_lua)) == ((), True)


@pytest.mark.parametrize("prompt", ["aos> ", "chat@aos-2.0.6[Inbox:12]> ", "my chat@aos-0.2.2[Inbox:1]> ", "aos >"])
@pytest.mark.parametrize("language", ["", "lua", "sh", "console", "text"])
def test_lines_behind_a_prompt_are_evaluated_one_by_one(prompt: str, language: str) -> None:
    prompt = prompt.rstrip() + " "
    made = plan(f"Welcome\n{prompt}x = 1\n{prompt}x\n1\n{prompt}", language)
    assert made == Plan((Step("eval", "x = 1", 3), Step("eval", "x", 4, "1")))


def test_a_prompt_in_colours_is_a_prompt() -> None:
    made = plan("\x1b[32mchat\x1b[90m@\x1b[34maos-2.0.6\x1b[90m[Inbox:\x1b[31m1\x1b[90m]\x1b[0m> \x1b[1mx()\x1b[0m", "")
    assert steps(made) == evals("x()")


def test_an_unfinished_line_takes_the_next_ones_along() -> None:
    made = plan("aos> for i = 1, 2 do\n  print(i)\nend\n1\n2\naos> Send({\n  Target = ao.id\n})\nsent")
    assert made.steps == (
        Step("eval", "for i = 1, 2 do\n  print(i)\nend", 2, "1\n2"),
        Step("eval", "Send({\n  Target = ao.id\n})", 7, "sent"),
    )


def test_a_line_that_never_ends_is_no_lua_and_the_others_are() -> None:
    made = plan("aos> Send({\naos> x()")
    assert (steps(made), made.not_lua) == (evals("x()"), "page.md:2: unexpected symbol near <eof>")


def test_commands_of_the_console_are_understood() -> None:
    made = plan('aos> .load chat.lua\nloaded\naos> .load-blueprint token\naos> .help\naos> .exit\naos> .load "a b.lua"')
    assert steps(made) == [("load", "chat.lua"), ("blueprint", "token"), ("load", "a b.lua")]


def test_what_the_editor_is_given_is_one_text() -> None:
    made = plan("aos> .editor\n<editor mode> use '.done' to submit\nlocal a = 1\nprint(a)\n.done\n1\naos> y()")
    assert steps(made) == evals("\nlocal a = 1\nprint(a)", "y()")
    assert made.steps[0].line == 3


def test_what_the_editor_is_given_and_cancelled_is_nothing() -> None:
    assert steps(plan("aos> .editor\nx = 1\n.cancel\naos> y()")) == evals("y()")


def test_an_editor_that_is_not_left_ends_with_the_block() -> None:
    assert steps(plan(".editor\nx = 1")) == evals("x = 1")


def test_commands_stand_on_lines_of_their_own_between_lua() -> None:
    made = plan("x = 1\n.load chat.lua -- the room\ny = 2\nz = 3")
    assert steps(made) == [("eval", "x = 1"), ("load", "chat.lua"), ("eval", "y = 2\nz = 3")]
    assert [step.line for step in made.steps] == [2, 3, 4]


@pytest.mark.parametrize("language", ["", "sh", "bash", "lua", "text"])
def test_a_block_of_commands_only_is_understood_in_any_language(language: str) -> None:
    assert steps(plan(".load-blueprint chat\n\n.load room.lua", language)) == [
        ("blueprint", "chat"),
        ("load", "room.lua"),
    ]


def test_a_method_call_on_its_own_line_is_no_command() -> None:
    made = plan("Handlers\n.add('x', 'X', f)")
    assert steps(made) == evals("Handlers\n.add('x', 'X', f)")


def test_a_page_within_a_page_is_not_run() -> None:
    assert plan("```lua\naos> x()\n```", "markdown") == Plan(not_lua="its fence says markdown")
