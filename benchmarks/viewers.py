"""How many viewers one dashboard serves: each redraws its live page every second, in time or not.

    python benchmarks/viewers.py --viewers 60 --seconds 60

A viewer is a WebSocket that speaks Streamlit's own protocol as the browser does: it signs in
through the form, runs the page, and asks for each live part anew once a second. A run is watched
that gets a scan at two frequencies on two electrodes every second. The dashboard is held on one
core. Printed are the reruns a second of each viewer, the share that was answered within its second,
the delays, and the processor time and memory of the dashboard.
"""

import argparse
import asyncio
import os
import tempfile
import time
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


@dataclass(slots=True)
class Viewer:
    """One open page: what it shows live, and how long each part took to come."""

    run: WatchedRun
    live: dict[str, float] = field(default_factory=dict)
    drawn: set[str] = field(default_factory=set)
    asked_at: dict[str, float] = field(default_factory=dict)
    delays_s: list[float] = field(default_factory=list)
    asked: int = 0
    received_bytes: int = 0
    fields: dict[str, str] = field(default_factory=dict)
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    counting: bool = False

    async def watch(self, ready: asyncio.Semaphore, until: asyncio.Event) -> None:
        """Sign in, then redraw what is live until the end."""
        address = f"ws://127.0.0.1:{self.run.port}/_stcore/stream"
        async with websockets.connect(
            address, subprotocols=[Subprotocol("streamlit")], max_size=None, ping_interval=None
        ) as socket:
            listening = asyncio.create_task(self._listen(socket))
            async with ready:
                await self._sign_in(socket)
                redrawing = asyncio.create_task(self._redraw(socket))
                await self._see_charts()
            await until.wait()
            redrawing.cancel()
            listening.cancel()

    async def _sign_in(self, socket: websockets.ClientConnection) -> None:
        await self._rerun(socket)
        states = [
            WidgetState(id=self.fields["user_id"], string_value=USER_ID),
            WidgetState(id=self.fields["Key"], string_value=self.run.key),
            WidgetState(id=self.fields["Sign in"], trigger_value=True),
        ]
        await self._rerun(socket, states)

    async def _see_charts(self) -> None:
        """Wait for the page that has them; until the history came it is another one."""
        async with asyncio.timeout(SIGNED_IN_S):
            while len(self.live) < 3:
                await asyncio.sleep(0.05)

    async def _rerun(
        self, socket: websockets.ClientConnection, states: list[WidgetState] | None = None
    ) -> None:
        message = BackMsg()
        message.rerun_script.query_string = f"user_id={USER_ID}"
        message.rerun_script.widget_states.widgets.extend(states or [])
        self.finished.clear()
        await socket.send(message.SerializeToString())
        async with asyncio.timeout(SIGNED_IN_S):
            await self.finished.wait()

    async def _redraw(self, socket: websockets.ClientConnection) -> None:
        while True:
            started = time.monotonic()
            for fragment_id in list(self.live):
                message = BackMsg()
                message.rerun_script.query_string = f"user_id={USER_ID}"
                message.rerun_script.fragment_id = fragment_id
                message.rerun_script.is_auto_rerun = True
                if self.counting:
                    self.asked += 1
                    self.asked_at.setdefault(fragment_id, time.monotonic())
                await socket.send(message.SerializeToString())
            await asyncio.sleep(max(0.0, EVERY_S - (time.monotonic() - started)))

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
                if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    self.live = {k: v for k, v in self.live.items() if k in self.drawn}
                self.finished.set()
            elif kind == "delta":
                self._delta(message)

    def _delta(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind in {"text_input", "button"}:
            part = getattr(element, kind)
            self.fields[part.label] = part.id
        asked_at = self.asked_at.pop(message.delta.fragment_id, None)
        if asked_at is not None:
            self.delays_s.append(time.monotonic() - asked_at)


@dataclass(frozen=True, slots=True)
class Served:
    """What was seen of all viewers together over the measured time."""

    viewers: int
    seconds: float
    asked: int
    delays_s: list[float]
    cpu_s: float
    resident_mib: float
    received_bytes: int

    @property
    def in_time(self) -> float:
        """Share of the reruns that was answered before the next one was due."""
        return sum(d <= EVERY_S for d in self.delays_s) / max(1, self.asked)

    def __str__(self) -> str:
        ordered = sorted(self.delays_s) or [float("nan")]
        middle, high = ordered[len(ordered) // 2], ordered[int(0.95 * (len(ordered) - 1))]
        parts = self.asked / self.seconds / self.viewers
        answered = len(self.delays_s)
        return (
            f"{self.viewers} viewers, {parts:.2f} live parts a second each, {self.seconds:.0f} s: "
            f"{answered / max(1, self.asked):.1%} answered, {self.in_time:.1%} in time\n"
            f"delay p50 {1e3 * middle:.0f} ms, p95 {1e3 * high:.0f} ms; "
            f"processor {self.cpu_s / self.seconds:.0%} of one core, "
            f"{1e3 * self.cpu_s / max(1, answered):.1f} ms a part; "
            f"memory {self.resident_mib:.0f} MiB; "
            f"{self.received_bytes / self.seconds / self.viewers / 1e3:.0f} kB/s a viewer"
        )


async def serve(run: WatchedRun, viewers: int, seconds: float) -> Served:
    """Let so many viewers watch for so long; signing in is not measured."""
    ready, until = asyncio.Semaphore(4), asyncio.Event()
    everyone = [Viewer(run) for _ in range(viewers)]
    tasks = [asyncio.create_task(v.watch(ready, until)) for v in everyone]
    while not all(len(v.live) >= 3 for v in everyone):
        failed = [t for t in tasks if t.done()]
        if failed:
            failed[0].result()
        await asyncio.sleep(0.1)
    with measuring(run, EVERY_S):
        await asyncio.sleep(5)
        for viewer in everyone:
            viewer.counting, viewer.received_bytes = True, 0
        cpu_s, started = run.cpu_s(), time.monotonic()
        await asyncio.sleep(seconds)
        spent_s, lasted_s = run.cpu_s() - cpu_s, time.monotonic() - started
        asked = sum(v.asked for v in everyone)
        received = sum(v.received_bytes for v in everyone)
        for viewer in everyone:
            viewer.counting = False
        await asyncio.sleep(EVERY_S)
    until.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    delays_s = [d for v in everyone for d in v.delays_s]
    return Served(viewers, lasted_s, asked, delays_s, spent_s, run.resident_mib(), received)


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
