"""From the current after a potential step to lifetimes: window, fits, choice, flags."""

from typing import Final

import numpy as np

from sacmes_core import flags
from sacmes_core.analysis.ca.fitting import Decays, fit_decays
from sacmes_core.analysis.ca.pulses import Window, step_time_s, steps, window
from sacmes_core.analysis.ca.results import DecayArrays
from sacmes_core.analysis.peaks import BoolArray, FloatArray
from sacmes_core.settings.ca import CaSettings

VERSION: Final = 1
POINTS_MIN: Final = 12
_NEAR_CHARGING: Final = 2.5
"""Longest chargings below which a lifetime is hard to tell from charging."""
_ROWS: Final = 256
"""Decays fitted at once, so that a long run needs no more memory."""


def lifetimes(
    time_s: FloatArray,
    current_a: FloatArray,
    settings: CaSettings,
    potential_v: FloatArray | None = None,
) -> DecayArrays:
    """Lifetimes of the currents after potential steps.

    Parameters
    ----------
    time_s
        Times of the samples, ascending, shape (K,) for all or (n, K).
    current_a
        Currents, shape (n, K); nan for a missing point.
    settings
        Model, window and pulse.
    potential_v
        Applied potentials, shape (K,) or (n, K); None if the recording does not say.

    Returns
    -------
    DecayArrays
        The same digits for a decay alone and among others. Noise, a flat line, a decay that is
        over before the first point or not nearly over at the last give nan and a flag.
    """
    times = np.broadcast_to(np.asarray(time_s, dtype=np.float64), current_a.shape)
    windows = []
    for k in range(len(current_a)):
        row_v = None if potential_v is None else np.broadcast_to(potential_v, times.shape)[k]
        windows.append(_window(times[k], current_a[k], row_v, settings))
    since = np.array([w.since_s for w in windows]).reshape(current_a.shape)
    used = np.array([w.used for w in windows], dtype=bool).reshape(current_a.shape)
    varied = np.where(used, current_a, np.nan)
    enough = used.sum(axis=1) >= POINTS_MIN
    constant = enough & (_range(varied) == 0)
    found = Decays.nothing(*current_a.shape)
    fit_for = np.flatnonzero(enough & ~constant)
    for k in range(0, len(fit_for), _ROWS):
        rows = fit_for[k : k + _ROWS]
        found.put(rows, fit_decays(since[rows], current_a[rows], used[rows], settings))
    noted = [
        _flags(found, k, windows[k], settings, enough=bool(enough[k]), constant=bool(constant[k]))
        for k in range(len(current_a))
    ]
    return _arrays(found, windows, since, used, noted)


def _window(
    time_s: FloatArray, current_a: FloatArray, potential_v: FloatArray | None, settings: CaSettings
) -> Window:
    limits = (settings.fit_from_s, settings.fit_to_s)
    if len(time_s) == 0:
        return Window(time_s, np.nan, np.zeros(0, dtype=bool), saturated=False)
    if settings.step_s is not None:
        found = steps(time_s, current_a, potential_v)
        later = time_s[found[time_s[found] > settings.step_s] - 1]
        later = later[later > settings.step_s]
        end = float(np.nextafter(later[0], np.inf)) if len(later) else np.inf
        return window(time_s, current_a, settings.step_s, limits, end)
    step, end = step_time_s(time_s, steps(time_s, current_a, potential_v), settings.pulse)
    return window(time_s, current_a, step, limits, end)


def _range(current_a: FloatArray) -> FloatArray:
    """Largest minus smallest of each row, 0 where nothing is known."""
    known = np.isfinite(current_a)
    high = np.where(known, current_a, -np.inf).max(axis=1, initial=-np.inf)
    low = np.where(known, current_a, np.inf).min(axis=1, initial=np.inf)
    return np.where(known.any(axis=1), high - low, 0.0)


def _flags(
    found: Decays, k: int, own: Window, settings: CaSettings, *, enough: bool, constant: bool
) -> tuple[str, ...]:
    """The codes of one decay, in the order in which a chemist would ask."""
    none = enough and not constant and found.count[k] == 0
    unsupported = settings.exponentials == "bi" and found.count[k] == 1
    near = np.exp(found.log_lifetimes[k, 0]) < _NEAR_CHARGING * settings.charging_max_s
    said = {
        flags.TOO_FEW_POINTS: not enough,
        flags.CONSTANT: constant,
        flags.SATURATED: own.saturated,
        flags.SPIKES_REMOVED: bool(found.spikes[k].any()),
        flags.NO_DECAY: none and not found.bounded[k],
        flags.LIFETIME_OUT_OF_REACH: none and bool(found.bounded[k]),
        flags.SECOND_LIFETIME_UNSUPPORTED: unsupported,
        flags.SECOND_LIFETIME_POSSIBLE: bool(found.second_possible[k]) and not unsupported,
        flags.DIFFUSION_CURRENT: bool(found.diffusing[k]),
        flags.CHARGING_AMBIGUOUS: found.count[k] > 0 and bool(found.charged[k] and near),
        flags.DECAY_MISFIT: bool(found.misfit[k]) and not none,
    }
    return tuple(code for code, true in said.items() if true)


def _arrays(
    found: Decays,
    windows: list[Window],
    since_s: FloatArray,
    used: BoolArray,
    noted: list[tuple[str, ...]],
) -> DecayArrays:
    wide = found.quantile[:, np.newaxis] * found.log_lifetimes_se
    lifetime, mean = np.exp(found.log_lifetimes), np.exp(found.log_mean)
    mean_wide = found.quantile * found.log_mean_se
    shown = used & (found.count > 0)[:, np.newaxis]
    return DecayArrays(
        lifetime_s=lifetime,
        lifetime_se_s=lifetime * found.log_lifetimes_se,
        lifetime_low_s=lifetime * np.exp(-wide),
        lifetime_high_s=lifetime * np.exp(wide),
        amplitude_a=found.amplitudes_a,
        amplitude_se_a=found.amplitudes_se_a,
        mean_lifetime_s=mean,
        mean_lifetime_se_s=mean * found.log_mean_se,
        mean_lifetime_low_s=mean * np.exp(-mean_wide),
        mean_lifetime_high_s=mean * np.exp(mean_wide),
        offset_a=found.offset_a,
        step_s=np.array([w.step_s for w in windows], dtype=np.float64),
        from_s=np.where(used, since_s, np.inf).min(axis=1, initial=np.inf),
        to_s=np.where(used, since_s, -np.inf).max(axis=1, initial=-np.inf),
        noise_a=found.noise_a,
        fit_a=np.where(shown, found.fit_a, np.nan),
        flags=tuple(noted),
    )
