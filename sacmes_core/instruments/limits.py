"""What an agent lets an instrument do to a cell; what exceeds it is refused, never made smaller."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sacmes_core.instruments.orders import Order


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one agent.

    Attributes
    ----------
    min_v, max_v
        Potentials that may be applied to the cell.
    max_current_a
        Largest current range that may be chosen.
    max_scans
        Scans of one run, over all frequencies and electrodes.
    max_duration_s
        Length of one scan, with conditioning and quiet time.
    """

    min_v: float
    max_v: float
    max_current_a: float
    max_scans: int = 1_000_000
    max_duration_s: float = 3600.0


def refusal(orders: Sequence[Order], limits: Limits) -> str | None:
    """Why a run of such rounds is not begun, in a sentence; None if it keeps within the limits.

    Parameters
    ----------
    orders
        The scans of one round, of which there is at least one.
    """
    return next(_excesses(orders, limits), None)


def _excesses(orders: Sequence[Order], limits: Limits) -> Iterator[str]:
    method = orders[0].method
    low = min(order.applied_v[0] for order in orders)
    high = max(order.applied_v[1] for order in orders)
    if low < limits.min_v or high > limits.max_v:
        yield (
            f"The method applies {low:g} V to {high:g} V, pulses included; this agent allows "
            f"{limits.min_v:g} V to {limits.max_v:g} V. Change the potentials, or the agent's "
            "--limit-min and --limit-max."
        )
    if method.current_range_a > limits.max_current_a:
        yield (
            f"The method asks for a current range of {method.current_range_a:g} A; this agent "
            f"allows {limits.max_current_a:g} A. Choose a smaller range, or change the agent's "
            "--limit-current."
        )
    scans = method.repeats * len(orders)
    if scans > limits.max_scans:
        yield (
            f"The method asks for {scans:,} scans; this agent allows {limits.max_scans:,}. Ask for "
            "fewer rounds, or change the agent's --limit-scans."
        )
    longest = max(order.duration_s for order in orders)
    if longest > limits.max_duration_s:
        yield (
            f"A scan would take {timedelta(seconds=round(longest))}; this agent allows "
            f"{timedelta(seconds=round(limits.max_duration_s))}. Shorten it, or change the agent's "
            "--limit-duration."
        )
