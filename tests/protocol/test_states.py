"""The tree of states: what is kept, what is repeated, what goes."""

from __future__ import annotations

import gc
import json
from hashlib import sha256
from random import Random
from typing import Any
from weakref import ref

import pytest

from aosim.errors import BorderError
from aosim.luavm.module import ModuleCode, ModuleFailed, json_bytes
from aosim.protocol.runtimes import NO_FILES, Call, ModuleMaker, Packer, Spoilt
from aosim.protocol.states import Node, Room, Shelf, Store, Tree
from protocol.client import ENV, FIRST, lua


class Counter:
    """A runtime whose state is what it was given; it counts what it does."""

    def __init__(self, maker: Counters, parts: int, seen: tuple[bytes, ...] = (), *, imageable: bool = True) -> None:
        self.can_image = imageable
        self.maker = maker
        self.parts = parts  # how many it has had from the start
        self.seen = seen

    def answer(self, call: Call) -> bytes:
        if call.message.startswith(b"needs") and self.parts < int(call.message[5:]):
            self.maker.parts = int(call.message[5:])
            self.seen = ()  # whoever goes on with it gets wrong answers
            raise Spoilt(call.message.decode())
        if call.message == b"throw":
            raise ModuleFailed("thrown")
        self.maker.answers += 1
        self.seen = (*self.seen, call.message)
        return b" ".join(self.seen)

    @property
    def imageable(self) -> bool:
        return self.can_image

    def image(self) -> bytes | None:
        assert self.can_image
        self.maker.asked += 1
        if not self.maker.gives_images:
            return None
        self.maker.images += 1
        return json.dumps([self.parts, *(text.decode() for text in self.seen)]).encode()

    def size_bytes(self) -> int:
        return 10


class Counters:
    def __init__(self, *, gives_images: bool = False) -> None:
        self.gives_images = gives_images
        self.answers = self.images = self.asked = self.made = self.parts = 0

    def fresh(self, *, imageable: bool) -> Counter:
        self.made += 1
        return Counter(self, self.parts, imageable=imageable)

    def revive(self, image: bytes) -> Counter:
        self.made += 1
        parts, *seen = json.loads(image)
        return Counter(self, parts, tuple(text.encode() for text in seen))


def tree_of(maker: Any, **room: int) -> Tree:
    return Tree(maker, Store(Room(**room)), ModuleCode())


def evaluate(tree: Tree, node: Node, *texts: str) -> tuple[Node, str]:
    answer = b""
    for text in texts:
        node, answer = tree.evaluate(node, Call(text.encode(), b"env", NO_FILES))
    return node, answer.decode()


def test_a_chain_is_one_evaluation_per_call() -> None:
    maker = Counters(gives_images=True)
    tree = tree_of(maker)
    _, answer = evaluate(tree, tree.root, *map(str, range(500)))
    assert answer.startswith("0 1 2 ")
    assert (maker.answers, maker.made, maker.images) == (500, 1, 0)


def test_a_state_that_is_gone_on_from_again_is_reached_by_the_calls_before_it() -> None:
    maker = Counters()
    tree = tree_of(maker)
    state, _ = evaluate(tree, tree.root, "a", "b")
    assert evaluate(tree, state, "c")[1] == "a b c"
    assert evaluate(tree, state, "d")[1] == "a b d"
    assert maker.answers == 2 + 1 + 3


def test_the_nearest_runtime_is_moved_on() -> None:
    maker = Counters()
    tree = tree_of(maker)
    state, _ = evaluate(tree, tree.root, "a", "b")
    far, _ = evaluate(tree, state, "c", "d")
    evaluate(tree, far, "e")
    again, _ = evaluate(tree, state, "c")  # a runtime stands here now
    answers = maker.answers
    assert evaluate(tree, again, "f")[1] == "a b c f"
    assert maker.answers == answers + 1


def test_forks_of_one_state_start_from_its_image() -> None:
    maker = Counters(gives_images=True)
    tree = tree_of(maker)
    state, _ = evaluate(tree, tree.root, *map(str, range(30)))
    for name in "abcdefgh":
        assert evaluate(tree, state, name, "x", "y")[1].endswith(f"28 29 {name} x y")
    assert maker.images == 1
    assert maker.answers == 30 + 8 * 3 + 30  # all of it is repeated once


def test_forks_into_a_long_chain_leave_images_behind() -> None:
    maker = Counters(gives_images=True)
    tree = tree_of(maker, spacing=50)
    nodes = [tree.root]
    for number in range(1_000):
        nodes.append(evaluate(tree, nodes[-1], str(number))[0])
    random = Random(1)
    evaluate(tree, nodes[-2], "first")
    answers = maker.answers
    for _ in range(200):
        place = random.randrange(1, 1_000)
        _, answer = evaluate(tree, nodes[place], "fork")
        assert answer.split(" ")[-2:] == [str(place - 1), "fork"]
    assert maker.answers - answers <= 200 * 51


def test_images_keep_within_their_bytes() -> None:
    maker = Counters(gives_images=True)
    tree = tree_of(maker, spacing=10, image_bytes_max=5_000, runtimes_max=2)
    state, _ = evaluate(tree, tree.root, *map(str, range(300)))
    store = tree._store
    for _ in range(5):
        evaluate(tree, state, "fork", "a", "b")
        assert store.images.size_bytes <= 5_000
        assert len(store.runtimes) <= 2
    assert evaluate(tree, state, "end")[1].endswith("298 299 end")


def test_a_large_image_is_used_only_where_it_saves_more() -> None:
    maker = Counters(gives_images=True)
    tree = tree_of(maker, image_bytes_per_call=1, spacing=10_000)
    state, _ = evaluate(tree, tree.root, *map(str, range(20)))
    for name in "abc":  # the image has some hundred bytes, so it costs more than the way from the root
        assert evaluate(tree, state, name)[1].endswith(f"19 {name}")
    assert maker.images == 1
    assert maker.answers == 20 + 1 + 2 * 21


def test_an_image_that_cannot_be_had_is_asked_for_once() -> None:
    maker = Counters()
    tree = tree_of(maker)
    state, _ = evaluate(tree, tree.root, *map(str, range(10)))
    for _ in range(5):
        evaluate(tree, state, "fork")
    assert maker.asked == 1


def test_a_runtime_that_lacks_something_is_made_again() -> None:
    tree = tree_of(Counters())
    state, _ = evaluate(tree, tree.root, "a", "b")
    assert evaluate(tree, state, "needs1")[1] == "a b needs1"
    assert evaluate(tree, state, "needs2")[1] == "a b needs2"


def test_runtimes_and_images_that_lack_the_same_are_forgotten() -> None:
    maker = Counters(gives_images=True)
    tree = tree_of(maker)
    other = Tree(Counters(), tree._store, ModuleCode())
    state, _ = evaluate(tree, tree.root, *map(str, range(30)))
    branches = [evaluate(tree, state, name)[0] for name in "abc"]
    kept, _ = evaluate(other, other.root, "x")
    assert maker.images == 1
    assert len(tree._store.runtimes) == 4
    after, answer = evaluate(tree, state, "needs1")
    assert answer.endswith("29 needs1")
    assert [node in tree._store.runtimes for node in (*branches, after, kept)] == [False, False, False, True, True]
    assert (maker.images, len(tree._store.images)) == (2, 1)  # one more, on the way from the root
    assert evaluate(tree, branches[0], "d", "needs1")[1].endswith("29 a d needs1")
    assert evaluate(other, kept, "y")[1] == "x y"


def test_a_call_that_throws_leaves_the_state_it_began_with() -> None:
    maker = Counters()
    tree = tree_of(maker)
    state, _ = evaluate(tree, tree.root, "a", "b")
    with pytest.raises(ModuleFailed, match="thrown"):
        evaluate(tree, state, "throw")
    assert evaluate(tree, state, "c")[1] == "a b c"


def test_a_call_that_throws_only_when_it_is_repeated_is_a_fault_of_ours() -> None:
    maker = Counters()
    tree = tree_of(maker)
    state = tree.follow([Call(b"throw", b"env", NO_FILES)])
    with pytest.raises(BorderError, match="repeated"):
        evaluate(tree, state, "a")


def test_states_that_nobody_can_reach_go_with_their_runtimes_and_images() -> None:
    maker = Counters(gives_images=True)
    tree = tree_of(maker)
    state, _ = evaluate(tree, tree.root, *map(str, range(20)))
    branches = [evaluate(tree, state, str(number))[0] for number in range(5)]
    gone = ref(branches[0])
    store = tree._store
    assert (len(store.runtimes), len(store.images)) == (5, 1)
    del branches
    gc.collect()
    assert gone() is None
    assert len(store.runtimes) == 0
    assert len(store.images) == 1
    del state
    gc.collect()
    assert len(store.images) == 0
    assert store.images.size_bytes == store.runtimes.size_bytes == 0


def test_a_chain_of_any_length_can_go() -> None:
    tree = tree_of(Counters())
    node = tree.follow([Call(b"x", b"env", NO_FILES)] * 200_000)
    assert evaluate(tree, tree.root, "a")[1] == "a"
    del node
    gc.collect()
    assert evaluate(tree, tree.root, "b")[1] == "b"


def test_a_shelf_drops_what_was_longest_unused() -> None:
    tree = tree_of(Counters())
    nodes = [Node(tree, number) for number in range(4)]
    shelf: Shelf[str] = Shelf(count_max=3, bytes_max=100)
    for number, node in enumerate(nodes[:3]):
        shelf.put(node, str(number), 10)
    assert shelf.look(nodes[0]) == "0"
    shelf.put(nodes[3], "3", 10)
    assert [node in shelf for node in nodes] == [True, False, True, True]
    shelf.put(nodes[2], "large", 90)
    assert [node in shelf for node in nodes] == [False, False, True, True]
    shelf.put(nodes[2], "larger than there is room", 900)
    assert [node in shelf for node in nodes] == [False, False, True, False]
    assert shelf.size_bytes == 900
    assert shelf.take(nodes[2]) == "larger than there is room"
    assert (len(shelf), shelf.size_bytes, shelf.take(nodes[2])) == (0, 0, None)


def test_packed_calls_are_small_and_come_back() -> None:
    packer = Packer()
    calls = [
        Call(json.dumps({"Id": f"{n:043}", "Tags": [{"name": "Action", "value": "Eval"}], "Data": "x" * n}).encode(),
             json.dumps({"Process": {"Id": "P" * 43, "n": n // 50}}).encode(), NO_FILES)
        for n in range(200)
    ]  # fmt: skip
    packed = [packer.pack(call) for call in calls]
    assert [packer.unpack(each) for each in packed] == calls
    assert sum(len(each.message) for each in packed) < 0.4 * sum(len(call.message) for call in calls)
    assert len({id(each.env) for each in packed}) == 4
    empty, large = Call(b"", b"", NO_FILES), Call(bytes(range(256)) * 500, b"e" * 10_000, NO_FILES)
    assert [packer.unpack(packer.pack(call)) for call in (empty, large)] == [empty, large]


HASH_BELOW_C = """
local crypto = require(".crypto")
return (("abc"):gsub("b", function(b) return crypto.digest.sha2_256(crypto.utils.stream.fromString(b)).asHex() end))
"""


def test_a_process_that_needs_a_part_from_the_start_is_made_again_with_it() -> None:
    maker = ModuleMaker(ModuleCode())
    tree = tree_of(maker)
    env = json_bytes(ENV)
    state, _ = tree.evaluate(tree.root, Call(json_bytes(FIRST), env, NO_FILES))
    state, _ = tree.evaluate(state, Call(json_bytes(lua("X = 1 Y = {}")), env, NO_FILES))
    for _ in range(2):
        _, answer = tree.evaluate(state, Call(json_bytes(lua(HASH_BELOW_C)), env, NO_FILES))
        assert json.loads(answer)["Output"]["data"] == "a" + sha256(b"b").hexdigest() + "c"
    assert "letting_through" in maker.parts


def test_runtimes_that_have_asked_the_host_go_at_once() -> None:
    tree = tree_of(ModuleMaker(ModuleCode()))
    env = json_bytes(ENV)
    state, _ = tree.evaluate(tree.root, Call(json_bytes(FIRST), env, NO_FILES))
    state, _ = tree.evaluate(state, Call(json_bytes(lua(HASH_BELOW_C)), env, NO_FILES))
    runtime: Any = tree._store.runtimes.take(state)
    vm = ref(runtime._runtime._vm)
    gc.disable()
    try:
        del runtime
        assert vm() is None
    finally:
        gc.enable()
