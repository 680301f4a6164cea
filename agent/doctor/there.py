"""What a visit to the broker means: login, rights, the user_id, the analyzer, the clocks."""

from collections.abc import Iterator
from typing import Final

from agent.doctor.findings import Finding, ok, problem, warning
from agent.doctor.visit import Seen, Visit
from agent.identity import Identity
from agent.presence import GiveWay, decide
from sacmes_core import __version__
from sacmes_core.address import BrokerAddress

AHEAD_WARNING_S: Final = 5.0
AHEAD_PROBLEM_S: Final = 60.0


def judge(visit: Visit, address: BrokerAddress, identity: Identity) -> Iterator[Finding]:
    """Login, rights, the user_id, the analyzer and its clock, as far as one leads to the next."""
    login = judge_login(visit, address)
    yield login
    if login.level == "problem":
        return
    yield judge_rights(visit, identity.user_id)
    yield judge_holder(visit, identity)
    yield judge_analyzers(visit)
    yield from judge_clocks(visit.online)


def judge_login(visit: Visit, address: BrokerAddress) -> Finding:
    """Whether the broker let us in."""
    name = address.username
    refused = visit.refused
    if refused is not None and refused.login:
        if address.key is None:
            return problem(
                "login",
                f"No key is named for {name}, and the broker asks for one; set SACMES_KEY, or use "
                "the administrator's connection string.",
            )
        return problem(
            "login",
            f"The broker refuses the user_id {name} or its key ({refused.reason}); check both, or "
            "ask the administrator for a new connection string.",
        )
    if refused is not None:
        return problem("login", refused.reason)
    if not visit.connected:
        return problem("login", f"{address} lets nobody in at the moment; try again later.")
    return ok("login", f"The broker knows {name} and its key.")


def judge_rights(visit: Visit, user_id: str) -> Finding:
    """Whether the broker lets this user do what an agent does."""
    if visit.denied:
        what = ", ".join(visit.denied)
        reason = next(iter(visit.denied.values()))
        return problem(
            "rights",
            f"The broker does not let {user_id} do everything that an agent does ({reason}): "
            f"{what}. Ask the administrator to give {user_id} the rights of a user "
            "(`users.py add`), not those of a colleague who may only look.",
        )
    if not visit.heard_itself:
        return problem(
            "rights",
            f"What {user_id} says below its own name does not come back: it may write but not "
            "read there. Ask the administrator for the right to read.",
        )
    return ok("rights", f"{user_id} may send, ask and read below its own name.")


def judge_holder(visit: Visit, identity: Identity) -> Finding:
    """Whether another agent uses the user_id."""
    holder = visit.holder
    mine = holder is not None and holder.presence.instance == identity.instance
    decision = decide(holder, identity.instance, identity.number, take_over=False)
    if isinstance(decision, GiveWay):
        return problem("user_id", decision.sentence)
    if holder is not None and mine and holder.presence.state == "online":
        said = holder.presence.problem
        if said:
            return warning("user_id", f"This agent runs, and says: {said}")
        return ok("user_id", f"This agent runs, on {holder.presence.host}.")
    return ok("user_id", f"No agent uses {identity.user_id} at the moment.")


def judge_analyzers(visit: Visit) -> Finding:
    """Whether an analyzer is there, of which version, and whether it answers."""
    if not visit.online:
        return warning(
            "analyzer",
            "No analyzer is online: scans are kept here until one is. Ask the administrator "
            "whether `sacmes-analyzer run` runs.",
        )
    named = ", ".join(f"{s.presence.analyzer} ({s.presence.version})" for s in visit.online)
    trouble = next((s.presence.problem for s in visit.online if s.presence.problem), None)
    if trouble:
        return warning("analyzer", f"The analyzer {named} is online, and says: {trouble}")
    if not visit.answered:
        return warning(
            "analyzer",
            f"The analyzer {named} is online, but did not answer a question within 5 s; it may be "
            "busy. Try again.",
        )
    others = [s for s in visit.online if s.presence.version != __version__]
    if others:
        return warning(
            "analyzer",
            f"The analyzer {named} is online and answers; this agent is version {__version__}. "
            "Agents and analyzer of one version belong together: update the older one.",
        )
    return ok("analyzer", f"The analyzer {named} is online and answers.")


def judge_clocks(analyzers: tuple[Seen, ...]) -> Iterator[Finding]:
    """How far this clock is from that of the nearest analyzer; nothing where that is not known."""
    known = [seen.ahead_s for seen in analyzers if seen.ahead_s is not None]
    if not known:
        return
    ahead_s = min(known, key=abs)
    if abs(ahead_s) <= AHEAD_WARNING_S:
        yield ok("time", "This clock and the analyzer's agree within a few seconds.")
        return
    side = "ahead of" if ahead_s > 0 else "behind"
    sentence = (
        f"This clock is {_duration(abs(ahead_s))} {side} the analyzer's: scans get wrong times, "
        "and whoever looks may take this agent for lost. Let a time server keep both."
    )
    yield problem("time", sentence) if abs(ahead_s) > AHEAD_PROBLEM_S else warning("time", sentence)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
