"""Users take turns, and none takes the room of the others."""

from analyzer.turns import Turns


def test_who_asks_for_much_lets_others_between() -> None:
    turns: Turns[str] = Turns(9, 9)
    for user_id, item in (("alice", "a1"), ("alice", "a2"), ("alice", "a3"), ("bobby", "b1")):
        assert turns.put(user_id, item)
    assert turns.take(0) == "a1"
    assert turns.put("carol", "c1")
    assert [turns.take(0) for _ in range(5)] == ["b1", "a2", "c1", "a3", None]


def test_room_is_bounded_for_each_and_for_all() -> None:
    turns: Turns[str] = Turns(3, 2)
    assert [turns.put("alice", item) for item in "abc"] == [True, True, False]
    assert [turns.put("bobby", item) for item in "de"] == [True, False]
    assert turns.take(0) == "a"
    assert turns.put("carol", "f")
    assert not turns.put("alice", "g")
