"""What an agent's home folder says about it, for people and for programs."""

from pathlib import Path
from typing import Any

from agent.disk import HomeLock
from agent.home import Home
from agent.recordings import round_under_way
from sacmes_core.payloads.session import SessionDocument


def status_of(folder: Path) -> dict[str, Any]:
    """Identity, outbox and session of the agent in a home folder; made the first time."""
    lock = HomeLock(folder)
    running = not lock.acquire()
    lock.release()
    with Home.opened(folder) as home:
        document = home.kept_session()
        session_id = None if document is None else document.session_id
        counters = home.outbox.counters(session_id, 0)
        return {
            "user_id": home.identity.user_id,
            "instance": home.identity.instance,
            "home": str(folder),
            "running": running,
            "session": None
            if document is None
            else {
                "session_id": session_id,
                "name": document.name,
                "technique": document.technique,
                "state": document.state,
                "revision": document.revision,
                "settings": document.settings.source.model_dump(mode="json"),
            },
            "run": None if document is None else _run(home, document),
            "last_file": home.outbox.last_file(),
            "seen": counters.seen,
            "confirmed": counters.confirmed,
            "waiting": counters.waiting,
            "refused": counters.refused,
            "refusals": [{"file": one.file, "reason": one.reason} for one in home.outbox.refused()],
        }


def status_lines(status: dict[str, Any]) -> list[str]:
    """The same for people."""
    session = status["session"]
    lines = [
        f"user_id   {status['user_id']}",
        f"home      {status['home']}",
        f"agent     {'running' if status['running'] else 'not running'}",
        "session   none yet"
        if session is None
        else f"session   {session['technique']} {session['state']}, "
        f"revision {session['revision']}, {session['session_id']}",
        *_run_lines(status["run"]),
        f"scans     {status['seen']} seen, {status['confirmed']} stored"
        + (f"; the last is {status['last_file']}" if status["last_file"] else ""),
        f"outbox    {status['waiting']} waiting, {status['refused']} refused",
    ]
    return lines + [f"refused   {one['file']}: {one['reason']}" for one in status["refusals"]]


def _run(home: Home, document: SessionDocument) -> dict[str, Any] | None:
    """The run that is measured on an instrument; None without a method."""
    source = document.settings.source
    if source.method is None:
        return None
    return {
        "round": round_under_way(home.outbox, document.session_id),
        "rounds": source.method.repeats,
        "interval_s": source.method.interval_s,
        "frequencies_hz": list(source.frequencies_hz),
    }


def _run_lines(run: dict[str, Any] | None) -> list[str]:
    if run is None:
        return []
    at = ", ".join(f"{frequency:g} Hz" for frequency in run["frequencies_hz"])
    return [f"run       round {run['round']} of {run['rounds']}" + (f" at {at}" if at else "")]
