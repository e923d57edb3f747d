"""open, handle, release, close: one process by its memories."""

from __future__ import annotations

import json

import pytest

from protocol.client import ENV, FIRST, Client, lua, message, tag


@pytest.fixture
def client() -> Client:
    return Client()


def test_hello_tells_the_protocol_and_the_features(client: Client) -> None:
    answer = client.ask("hello", client="my-suite", protocol="ao-module/1", unheard_of=1)
    assert answer["protocol"] == "ao-module/1"
    assert answer["name"].startswith("aosim ")
    assert set(answer["features"]) == {"export", "network", "files"}


def test_another_protocol_is_not_spoken(client: Client) -> None:
    assert client.error("hello", protocol="ao-module/9")["kind"] == "unsupported"


def test_no_memory_goes_on_from_the_last_evaluation(client: Client) -> None:
    opened, _ = client.booted()
    assert [opened.eval("X = (X or 0) + 1 return X") for _ in range(3)] == ["1", "2", "3"]


def test_a_memory_can_be_gone_on_from_as_often_as_one_likes(client: Client) -> None:
    opened, first = client.booted()
    one = opened.after("X = 1", first)
    two = opened.after("X = X + 1", one)
    assert [opened.eval("return X", memory) for memory in (one, two, one, two)] == ["1", "2", "1", "2"]
    assert opened.eval("return X", first) == ""


def test_no_memory_goes_on_from_the_last_evaluation_wherever_that_began(client: Client) -> None:
    opened, first = client.booted()
    opened.after("X = 'long ago'", first)
    opened.after("X = 'just now'", first)
    assert opened.eval("return X") == "just now"


def test_a_memory_is_good_for_every_instance_of_the_module_and_after_close(client: Client) -> None:
    one, first = client.booted()
    memory = one.after("X = 'shared'", first)
    client.ask("close", instance=one.name)
    assert client.open().eval("return X", memory) == "shared"


def test_a_memory_of_another_module_is_refused(client: Client) -> None:
    _, memory = client.booted()
    other = client.open(module={"name": "aos-2.0.4"})
    assert other.error(lua("return 1"), memory)["kind"] == "bad-request"


def test_instances_share_nothing(client: Client) -> None:
    one, _ = client.booted()
    other, _ = client.booted()
    one.eval("X = 1 table.concat = nil")
    assert other.eval("return tostring(X) .. type(table.concat)") == "nilfunction"


def test_a_failing_message_leaves_what_it_had_done(client: Client) -> None:
    opened, first = client.booted()
    failed = opened.handle(lua("X = 'done' error('too late')"), first)
    assert list(failed["result"]) == ["Error"]
    assert "too late" in failed["result"]["Error"]
    assert opened.eval("return X", failed["memory"]) == "done"
    assert opened.eval("return X", first) == ""


def test_a_syntax_error_is_a_result(client: Client) -> None:
    opened, first = client.booted()
    assert "unexpected symbol" in opened.handle(lua("1 +"), first)["result"]["Error"]


def test_messages_reach_the_process_as_they_are(client: Client) -> None:
    opened, _ = client.booted()
    code = """
    local kinds = {}
    for _, name in ipairs({ "Id", "Timestamp", "Block-Height", "Absent", "Ratio", "Whole", "Large" }) do
      kinds[#kinds + 1] = (math.type(Msg[name]) or type(Msg[name])) .. "=" .. tostring(Msg[name])
    end
    for _, tag in ipairs(Msg.TagArray) do kinds[#kinds + 1] = tag.name .. "=" .. tostring(tag.value) end
    return table.concat(kinds, " ")
    """
    opened.eval("Handlers.add('keep', 'Keep', function(msg) Msg = msg end)")
    tags = (tag("Action", "Keep"), tag("A", 1), tag("A", "2"), tag("B", 1.5))
    opened.handle(message(None, *tags, Id=7, Timestamp=1700000000000, Ratio=0.5, Whole=5.0, Large=2**60))
    assert opened.eval(code) == (
        "integer=7 integer=1700000000000 string=1000 nil=nil float=0.5 integer=5 integer=1152921504606846976 "
        "Action=Keep A=1 A=2 B=1.5"
    )


def test_bytes_that_are_no_text_leave_as_replacement_characters_and_nul_survives(client: Client) -> None:
    opened, first = client.booted()
    assert opened.eval(r"return 'a\0b\xffc\xe2\x82d\xf0\x9f\x98\x80'", first) == "a\0b\ufffdc\ufffdd\U0001f600"


def test_half_a_character_in_a_message_becomes_a_replacement_character(client: Client) -> None:
    opened, _ = client.booted()
    line = json.dumps({"id": 1, "op": "handle", "instance": opened.name, "msg": lua("return '\ud800'"), "env": ENV})
    assert client.line(line.encode())["result"]["Output"]["data"] == "\ufffd"


@pytest.mark.parametrize("value", ["0/0", "1/0", "-1/0", "{ [1] = 1, [3] = 3 }", "{ 1, x = 2 }"])
def test_what_has_no_json_form_is_no_result(client: Client, value: str) -> None:
    opened, first = client.booted()
    error = opened.error(lua(f"ao.send({{ Target = 'x', Value = {value} }})"), first)
    assert error["kind"] == "module"
    assert isinstance(error["value"], str)
    assert opened.eval("return 'as before'", first) == "as before"


def test_a_message_the_module_cannot_take_is_thrown(client: Client) -> None:
    opened, first = client.booted()
    assert opened.error({"Id": "1"}, first)["kind"] == "module"
    assert opened.error(lua("return 1"), first, env={})["kind"] == "module"


def test_after_a_throw_the_instance_goes_on_from_where_it_was(client: Client) -> None:
    opened, first = client.booted()
    opened.after("X = 1", first)
    opened.error({"Id": "1"})
    assert opened.eval("return X") == "1"


def test_the_same_conversation_gives_the_same_answers_byte_for_byte() -> None:
    def conversation() -> list[object]:
        client = Client()
        opened, _ = client.booted()
        answers = [opened.handle(lua(code)) for code in ("return math.random(1, 1000)", "return { b = 1, a = {} }")]
        return [{name: value for name, value in answer.items() if name != "time_us"} for answer in answers]

    assert conversation() == conversation()


def test_the_date_is_1970_until_a_message_sets_the_time(client: Client) -> None:
    opened, _ = client.booted()
    assert opened.eval("return os.date('!%Y')") == "1970"
    assert opened.handle(lua("return os.time()", Timestamp=5))["result"]["Output"]["data"] == "5"


def test_released_memories_are_gone_and_those_after_them_stay(client: Client) -> None:
    opened, first = client.booted()
    middle = opened.after("X = 'kept'", first)
    last = opened.after("Y = 1", middle)
    assert client.ask("release", memories=[first, middle, "m77"])["released"] == 2
    assert client.ask("release", memories=[first])["released"] == 0
    assert opened.error(lua("return 1"), middle)["kind"] == "unknown-memory"
    assert opened.eval("return X", last) == "kept"


def test_an_instance_goes_on_when_its_memory_is_released(client: Client) -> None:
    opened, first = client.booted()
    memory = opened.after("X = 'kept'", first)
    client.ask("release", memories=[first, memory])
    assert opened.eval("return X") == "kept"


def test_a_closed_instance_is_unknown(client: Client) -> None:
    opened = client.open()
    client.ask("close", instance=opened.name)
    assert opened.error(FIRST)["kind"] == "unknown-instance"
    assert client.error("close", instance=opened.name)["kind"] == "unknown-instance"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"module": {}},
        {"module": {"name": None, "sha256": "no such hash", "size": 1, "format": "unheard of"}},
        {"module": {"name": "somebody-elses"}, "options": {"computeLimit": 1, "memoryLimit": "1", "extensions": []}},
    ],
)
def test_a_module_nobody_knows_is_the_default(client: Client, fields: dict[str, object]) -> None:
    assert client.ask("open", **fields)["module"] == "aos-2.0.6"


def test_a_module_is_picked_by_its_name(client: Client) -> None:
    opened, _ = client.booted(module={"name": "aos-2.0.1"})
    assert "aos-2.0.1" in opened.handle(lua("return 1"))["result"]["Output"]["prompt"]


def test_files_can_be_read_by_the_instance_they_were_given_to(client: Client) -> None:
    read = "local f = io.open('/data/note') return f and f:read('a') or 'none'"
    opened, first = client.booted(options={"files": {"/data/note": "hello"}})
    other, _ = client.booted(options={"files": {"/data/other": "x"}})
    assert opened.eval(read, first) == "hello"
    assert other.eval(read, first) == "none"
    assert opened.eval(read, first) == "hello"


BOOT = {"name": ".ant", "source": "Booted = (Booted or 0) + #Handlers.list Handlers.add('ant', 'Ant', print) return 5"}


def test_built_in_modules_are_required_once_after_the_standard_handlers(client: Client) -> None:
    opened, first = client.booted(module={"name": "aos-2.0.6", "boot": [BOOT]})
    opened.after("Y = 1", first)
    assert opened.eval("return Booted") == "3"  # _boot, _eval, _default
    assert opened.eval("return require('.ant') .. ' ' .. Booted") == "5 3"


def test_a_built_in_module_that_fails_is_thrown(client: Client) -> None:
    opened = client.open(module={"boot": [{"name": ".bad", "source": "error('no luck')"}]})
    assert opened.error(FIRST)["value"] == '[string ".bad"]:1: no luck'


def test_a_built_in_module_that_does_not_parse_is_refused_at_once(client: Client) -> None:
    error = client.error("open", module={"boot": [{"name": ".bad", "source": "x ="}]})
    assert error["kind"] == "module"
    assert '[string ".bad"]:1:' in error["value"]


BARE = """
local seen = 0
return {
  handle = function(msg, ao)
    seen = seen + 1
    if msg.Data == "throw" then error(msg.Thrown, 0) end
    if msg.Data == "nan" then return 0 / 0 end
    if msg.Data == "yield" then coroutine.yield(1) end
    if msg.Data == "ao" then
      ao.send({ Target = "x", Data = "y" })
      return ao.result({ Output = ao.env.Process.Tags[1].value .. ao.Process.Id .. ao.id })
    end
    return { seen = seen, tags = msg.Tags, ratio = msg.Ratio }
  end
}
"""


def test_what_a_bare_module_returns_is_the_result(client: Client) -> None:
    opened = client.open(module={"name": "lua", "lua": BARE})
    first = opened.handle({"Tags": [tag("a", 1)], "Ratio": 1.5})
    assert first["result"] == {"seen": 1, "tags": [tag("a", 1)], "ratio": 1.5}
    assert opened.handle({"Tags": []})["result"]["seen"] == 2
    assert opened.handle({"Tags": []}, first["memory"])["result"]["seen"] == 2


def test_a_bare_module_has_the_library_ao(client: Client) -> None:
    result = client.open(module={"lua": BARE}).handle({"Data": "ao"})["result"]
    assert result["Output"] == "TestAOSAOS"
    assert [(sent["Target"], sent["Data"]) for sent in result["Messages"]] == [("x", "y")]


@pytest.mark.parametrize("thrown", ["text", 5, {"code": 7}, [1, 2], True])
def test_what_a_bare_module_throws_is_told_as_it_is(client: Client, thrown: object) -> None:
    error = client.open(module={"lua": BARE}).error({"Data": "throw", "Thrown": thrown})
    assert (error["kind"], error["value"]) == ("module", thrown)


@pytest.mark.parametrize("data", ["nan", "yield"])
def test_a_bare_module_that_gives_no_result_has_failed(client: Client, data: str) -> None:
    assert client.open(module={"lua": BARE}).error({"Data": data})["kind"] == "module"


def test_a_bare_module_without_handle_says_so(client: Client) -> None:
    assert "handle(msg, ao)" in client.open(module={"lua": "return 5"}).error({})["value"]
    assert client.error("open", module={"lua": "return ="})["kind"] == "module"
    assert client.error("open", module={"name": "lua"})["kind"] == "bad-request"
