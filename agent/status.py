"""What an agent's home folder says about it, for people and for programs."""

from pathlib import Path
from typing import Any

from agent.disk import HomeLock
from agent.home import Home


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
        f"scans     {status['seen']} seen, {status['confirmed']} stored"
        + (f"; the last is {status['last_file']}" if status["last_file"] else ""),
        f"outbox    {status['waiting']} waiting, {status['refused']} refused",
    ]
    return lines + [f"refused   {one['file']}: {one['reason']}" for one in status["refusals"]]
