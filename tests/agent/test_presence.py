import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.presence import (
    COUNTERS_EVERY_S,
    Changed,
    Claim,
    Closed,
    Event,
    Facts,
    GiveWay,
    Holding,
    Opened,
    Retained,
    Say,
    Seen,
    Tick,
    age_s,
    decide,
    step,
)
from sacmes_core.payloads.presence import AgentPresence, UploadCounters
from sacmes_core.protocol import HEARTBEAT_S

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINE, OTHER = "a" * 32, "b" * 32


def said(
    instance: str = OTHER, number: int = 1, state: str = "online", host: str = "PC-LAB2"
) -> AgentPresence:
    return AgentPresence.model_validate(
        {
            "state": state,
            "instance": instance,
            "number": number,
            "heartbeat_at": NOW,
            "since": NOW - timedelta(hours=1),
            "version": "0.1.0",
            "host": host,
            "source": "folder",
        }
    )


def holding(number: int = 5) -> Holding:
    return step(Holding(MINE, number), Opened(), 0.0)[0]


# Deciding -------------------------------------------------------------------------------------


def test_a_free_user_id_is_claimed_above_the_own_last_number() -> None:
    assert decide(None, MINE, 4, take_over=False) == Claim(5)


def test_an_agent_that_is_online_elsewhere_is_not_disturbed() -> None:
    decision = decide(Retained(said(number=7), 12.0), MINE, 0, take_over=False)
    assert isinstance(decision, GiveWay)
    assert "PC-LAB2" in decision.sentence
    assert "2026-11-22 11:00" in decision.sentence
    assert "--take-over" in decision.sentence


def test_taking_over_takes_the_next_number() -> None:
    assert decide(Retained(said(number=7), 12.0), MINE, 2, take_over=True) == Claim(8)


@pytest.mark.parametrize("state", ["stopped", "lost"])
def test_one_that_is_gone_is_followed(state: str) -> None:
    retained = Retained(said(number=7, state=state), 12.0)
    assert decide(retained, MINE, 0, take_over=False) == Claim(8)


def test_one_without_a_heartbeat_for_long_is_followed() -> None:
    assert decide(Retained(said(number=7), 91.0), MINE, 0, take_over=False) == Claim(8)


def test_the_own_last_run_is_no_collision() -> None:
    assert decide(Retained(said(MINE, 7), 1.0), MINE, 7, take_over=False) == Claim(8)


def test_the_brokers_count_tells_the_age_better_than_two_clocks() -> None:
    two_hours_ahead = NOW + timedelta(hours=2)
    assert age_s(said(), 80, two_hours_ahead) == 10.0
    assert age_s(said(), None, NOW + timedelta(seconds=20)) == 20.0


# Holding --------------------------------------------------------------------------------------


def test_presence_is_said_at_each_connection_and_heartbeat() -> None:
    state, effects = step(Holding(MINE, 1), Opened(), 0.0)
    assert effects == (Say(Facts()),)
    assert step(state, Tick(), HEARTBEAT_S - 0.1)[1] == ()
    state, effects = step(state, Tick(), HEARTBEAT_S)
    assert effects == (Say(Facts()),)
    state, effects = step(state, Closed(), 40.0)
    assert step(state, Tick(), 500.0)[1] == ()
    assert step(state, Opened(), 501.0)[1] == (Say(Facts()),)


def test_what_matters_is_said_at_once_and_counters_a_little_later() -> None:
    problem = Facts(problem="The folder is gone.")
    assert step(holding(), Changed(problem), 0.1)[1] == (Say(problem),)
    counted = Facts(counters=UploadCounters(seen=1))
    state, effects = step(holding(), Changed(counted), 0.1)
    assert effects == ()
    assert step(state, Tick(), COUNTERS_EVERY_S)[1] == (Say(counted),)


def test_nothing_is_said_when_nothing_changed() -> None:
    state, effects = step(holding(), Changed(Facts()), 5.0)
    assert effects == ()
    assert state.due_at == HEARTBEAT_S


def test_the_own_echo_is_no_news() -> None:
    assert step(holding(5), Seen(said(MINE, 5)), 10.0) == (holding(5), ())


@pytest.mark.parametrize(
    "seen",
    [
        said(MINE, 5, "lost"),
        said(MINE, 4, "lost"),
        said(OTHER, 4, "lost"),
        said(OTHER, 4, "online"),
        None,
    ],
    ids=["own will", "own earlier will", "late will", "older agent", "cleared"],
)
def test_what_stands_there_wrongly_is_replaced(seen: AgentPresence | None) -> None:
    assert step(holding(5), Seen(seen), 10.0)[1] == (Say(Facts()),)


def test_replacing_is_not_done_in_a_storm() -> None:
    state, said_count = holding(5), 0
    for k in range(1000):
        state, effects = step(state, Seen(None), 10.0 + k / 1000)
        said_count += len(effects)
    assert said_count == 1


def test_a_later_agent_takes_over() -> None:
    _, (effect,) = step(holding(5), Seen(said(OTHER, 6)), 10.0)
    assert isinstance(effect, GiveWay)
    assert "PC-LAB2" in effect.sentence


def test_a_copy_of_the_home_folder_is_told_as_what_it_is() -> None:
    _, (effect,) = step(holding(5), Seen(said(MINE, 6)), 10.0)
    assert isinstance(effect, GiveWay)
    assert "copy" in effect.sentence


@settings(max_examples=200)
@given(
    numbers=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    seed=st.integers(0, 10_000),
)
def test_of_two_agents_exactly_one_stays(numbers: tuple[int, int], seed: int) -> None:
    """Any delay of messages, any losses of connections and late wills: never a flapping pair."""
    chance = random.Random(seed)
    agents: dict[str, Holding | None] = {
        MINE: Holding(MINE, numbers[0]),
        OTHER: Holding(OTHER, numbers[1]),
    }
    inbox: dict[str, list[AgentPresence]] = {MINE: [], OTHER: []}
    retained: list[AgentPresence] = []
    spoken = 0

    def publish(presence: AgentPresence) -> None:
        retained[:] = [presence]
        for name in agents:
            inbox[name].append(presence)

    def perform(name: str, event: Event, now: float) -> None:
        nonlocal spoken
        state = agents[name]
        if state is None:
            return
        agents[name], effects = step(state, event, now)
        for effect in effects:
            if isinstance(effect, GiveWay):
                agents[name] = None
            else:
                spoken += 1
                publish(said(name, state.number))

    def connect(name: str, now: float) -> None:
        inbox[name] = list(retained)
        perform(name, Opened(), now)

    connect(MINE, 0.0)
    connect(OTHER, 0.1)
    for k in range(200):
        now = 1.0 + k
        name = chance.choice((MINE, OTHER))
        state = agents[name]
        if inbox[name]:
            perform(name, Seen(inbox[name].pop(0)), now)
        elif k < 100 and state is not None and chance.random() < 0.3:
            perform(name, Closed(), now)
            if chance.random() < 0.5:
                publish(said(name, state.number, "lost"))
            connect(name, now + 0.5)
        perform(name, Tick(), now + 0.9)
    left = [name for name, state in agents.items() if state is not None]
    assert left == [max((numbers[0], MINE), (numbers[1], OTHER))[1]]
    before = spoken
    for k in range(60):
        now = 300.0 + k
        while inbox[left[0]]:
            perform(left[0], Seen(inbox[left[0]].pop(0)), now)
        perform(left[0], Tick(), now)
    assert retained[0].instance == left[0]
    assert retained[0].state == "online"
    assert spoken - before <= 5
