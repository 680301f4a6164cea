"""How many viewers one dashboard serves: each is to see every result within its second, or not.

    python benchmarks/viewers.py --viewers 60 --seconds 60

A viewer does what a browser does that shows the live page: a WebSocket that speaks Streamlit's own
protocol signs in through the form, runs the page and asks for each part that renews itself when it
is due; another takes in the page's feed. A run is watched that gets a scan at two frequencies on
two electrodes every second. The dashboard is held on one core. Printed are the share of the
results that were whole at the viewer within a second and the delays from just before the
publishing, the same for the parts that were asked for, and the dashboard's processor time and
memory.
"""

import argparse
import asyncio
import os
import re
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from watched_run import USER_ID, WatchedRun, measuring, watched_run
from websockets import Subprotocol

EVERY_S = 1.0
SIGNED_IN_S = 180.0
SCANS_A_TURN = 2
AT_ONCE = 4
"""How many viewers sign in at the same time."""


@dataclass(slots=True)
class Viewer:
    """One open page: what renews itself on it, and when what came."""

    run: WatchedRun
    live: dict[str, float] = field(default_factory=dict)
    drawn: set[str] = field(default_factory=set)
    due: dict[str, float] = field(default_factory=dict)
    asked_at: dict[str, float] = field(default_factory=dict)
    delays_s: list[float] = field(default_factory=list)
    asked: int = 0
    scans: list[tuple[int, float]] = field(default_factory=list)
    received_bytes: int = 0
    fields: dict[str, str] = field(default_factory=dict)
    feed: str = ""
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    charts: asyncio.Event = field(default_factory=asyncio.Event)
    counting: bool = False

    async def watch(self, ready: asyncio.Semaphore, until: asyncio.Event) -> None:
        """Sign in, then look until the end."""
        async with self._socket("_stcore/stream", Subprotocol("streamlit")) as socket:
            listening = asyncio.create_task(self._listen(socket))
            async with ready:
                await self._sign_in(socket)
                tasks = [
                    asyncio.create_task(self._redraw(socket)),
                    asyncio.create_task(self._see(socket)),
                ]
                async with asyncio.timeout(SIGNED_IN_S):
                    await self.charts.wait()
            await until.wait()
            for task in (listening, *tasks):
                task.cancel()

    def _socket(self, path: str, *protocols: Subprotocol) -> websockets.connect:
        return websockets.connect(
            f"ws://127.0.0.1:{self.run.port}/{path}",
            subprotocols=protocols or None,
            max_size=None,
            ping_interval=None,
            compression=None,
        )

    async def _sign_in(self, socket: websockets.ClientConnection) -> None:
        await self._rerun(socket)
        states = [
            WidgetState(id=self.fields["user_id"], string_value=USER_ID),
            WidgetState(id=self.fields["Key"], string_value=self.run.key),
            WidgetState(id=self.fields["Sign in"], trigger_value=True),
        ]
        await self._rerun(socket, states)

    async def _rerun(
        self, socket: websockets.ClientConnection, states: Iterable[WidgetState] = ()
    ) -> None:
        message = BackMsg()
        message.rerun_script.query_string = f"user_id={USER_ID}"
        message.rerun_script.widget_states.widgets.extend(states)
        self.finished.clear()
        await socket.send(message.SerializeToString())
        async with asyncio.timeout(SIGNED_IN_S):
            await self.finished.wait()

    async def _redraw(self, socket: websockets.ClientConnection) -> None:
        """Ask for each part that renews itself once in its interval."""
        while True:
            now = time.monotonic()
            for fragment_id, interval_s in self.live.items():
                if now < self.due.setdefault(fragment_id, now + interval_s):
                    continue
                self.due[fragment_id] += interval_s
                message = BackMsg()
                message.rerun_script.query_string = f"user_id={USER_ID}"
                message.rerun_script.fragment_id = fragment_id
                message.rerun_script.is_auto_rerun = True
                if self.counting:
                    self.asked += 1
                    self.asked_at.setdefault(fragment_id, now)
                await socket.send(message.SerializeToString())
            await asyncio.sleep(0.1)

    async def _see(self, socket: websockets.ClientConnection) -> None:
        """Take in the feed; when it is over, the page is drawn anew and has another."""
        while not self.feed:
            await asyncio.sleep(0.05)
        while True:
            async with self._socket(self.feed) as feed:
                with suppress(websockets.ConnectionClosed):
                    async for packet in feed:
                        assert isinstance(packet, bytes)
                        self._parts(packet)
            await self._rerun(socket)

    def _parts(self, packet: bytes) -> None:
        self.received_bytes += len(packet)
        # Read like this, sixty viewers cost the measuring process next to nothing.
        scans = re.search(rb'"trend":{"alt":"[^"]*over (\d+) scans"', packet)
        if scans is not None:
            self.scans.append((int(scans[1]), time.time()))
            self.charts.set()

    async def _listen(self, socket: websockets.ClientConnection) -> None:
        async for packet in socket:
            self.received_bytes += len(packet)
            message = ForwardMsg.FromString(packet)
            kind = message.WhichOneof("type")
            if kind == "auto_rerun":
                self.live[message.auto_rerun.fragment_id] = message.auto_rerun.interval
                self.drawn.add(message.auto_rerun.fragment_id)
            elif kind == "new_session":
                self.drawn.clear()
            elif kind == "script_finished":
                self._answered(message.script_finished)
            elif kind == "delta":
                self._delta(message)

    def _answered(self, how: int) -> None:
        if how == ForwardMsg.FINISHED_SUCCESSFULLY:
            self.live = {k: v for k, v in self.live.items() if k in self.drawn}
        self.finished.set()

    def _delta(self, message: ForwardMsg) -> None:
        asked_at = self.asked_at.pop(message.delta.fragment_id, None)
        if asked_at is not None:
            self.delays_s.append(time.monotonic() - asked_at)
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind in {"text_input", "button"}:
            part = getattr(element, kind)
            self.fields[part.label] = part.id
        elif kind == "bidi_component":
            address = re.search(r"feed/[\w-]+", element.bidi_component.json)
            self.feed = address[0] if address is not None else self.feed


@dataclass(frozen=True, slots=True)
class Served:
    """What was seen of all viewers together over the measured time."""

    viewers: int
    seconds: float
    results_s: list[float]
    asked: int
    parts_s: list[float]
    cpu_s: float
    resident_mib: float
    received_bytes: int

    def __str__(self) -> str:
        return (
            f"{self.viewers} viewers, {self.seconds:.0f} s: "
            f"results {_said(self.results_s, len(self.results_s))}\n"
            f"parts that renew themselves {_said(self.parts_s, self.asked)}\n"
            f"processor {self.cpu_s / self.seconds:.0%} of one core, "
            f"{1e3 * self.cpu_s / self.seconds / self.viewers:.1f} ms a viewer and second; "
            f"memory {self.resident_mib:.0f} MiB; "
            f"{self.received_bytes / self.seconds / self.viewers / 1e3:.0f} kB/s a viewer"
        )


def _said(delays_s: list[float], wanted: int) -> str:
    """Of so many that were wanted: the share that came within a second, and the delays."""
    ordered = sorted(delays_s) or [float("nan")]
    middle, high = ordered[len(ordered) // 2], ordered[int(0.95 * (len(ordered) - 1))]
    in_time = sum(d <= EVERY_S for d in delays_s) / max(1, wanted)
    return (
        f"{in_time:.2%} of {wanted} in time, p50 {1e3 * middle:.0f} ms, "
        f"p95 {1e3 * high:.0f} ms, longest {1e3 * ordered[-1]:.0f} ms"
    )


def seen_after_s(viewer: Viewer, published: list[float], before: int) -> list[float]:
    """How long after its publishing each result was whole at the viewer."""
    return [
        min(
            (at for n, at in viewer.scans if n >= before + SCANS_A_TURN * turn),
            default=float("inf"),
        )
        - told
        for turn, told in enumerate(published, start=1)
    ]


async def serve(run: WatchedRun, viewers: int, seconds: float) -> Served:
    """Let so many viewers watch for so long; signing in is not measured."""
    ready, until = asyncio.Semaphore(AT_ONCE), asyncio.Event()
    everyone = [Viewer(run) for _ in range(viewers)]
    tasks = [asyncio.create_task(v.watch(ready, until)) for v in everyone]
    while not all(v.charts.is_set() for v in everyone):
        failed = [t for t in tasks if t.done()]
        if failed:
            failed[0].result()
        await asyncio.sleep(0.1)
    before = max(n for v in everyone for n, _ in v.scans)
    for viewer in everyone:
        viewer.counting, viewer.received_bytes = True, 0
    cpu_s, started = run.cpu_s(), time.monotonic()
    with measuring(run, EVERY_S) as published:
        await asyncio.sleep(seconds)
        spent_s, lasted_s = run.cpu_s() - cpu_s, time.monotonic() - started
        received = sum(v.received_bytes for v in everyone)
        for viewer in everyone:
            viewer.counting = False
    await asyncio.sleep(2 * EVERY_S)
    until.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    return Served(
        viewers,
        lasted_s,
        [d for v in everyone for d in seen_after_s(v, published, before)],
        sum(v.asked for v in everyone),
        [d for v in everyone for d in v.delays_s],
        spent_s,
        run.resident_mib(),
        received,
    )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--viewers", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--scans", type=int, default=500, help="scan numbers measured before")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, watched_run(Path(home), wanted.scans) as run:
        if hasattr(os, "sched_setaffinity"):
            for task in Path(f"/proc/{run.pid}/task").iterdir():
                os.sched_setaffinity(int(task.name), {0})
        print(asyncio.run(serve(run, wanted.viewers, wanted.seconds)))


if __name__ == "__main__":
    main()
