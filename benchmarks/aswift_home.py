"""An environment in which aswift runs, made on first use below `benchmarks/.peers`.

aswift is on PyPI and asks for Python 3.12 or newer. Such an interpreter is looked for on the PATH,
among those of pyenv and of uv. Where there is none, aswift's code is tried on the present one.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

PACKAGE: Final = "aswift==1.0.3"
NEEDS: Final = ("numpy>=2.0", "scipy>=1.15", "pybaselines>=1.2")
FOLDER: Final = Path(__file__).parent / ".peers" / "aswift"
FITS: Final = Path(__file__).with_name("aswift_fits.py")
_SETUP_SECONDS: Final = 600


class UnavailableError(Exception):
    """aswift cannot run on this machine, with the reason."""


@cache
def find() -> Path:
    """The interpreter that has aswift; installed on first use.

    Raises
    ------
    UnavailableError
        If no interpreter takes it.
    """
    ready = _python_of(FOLDER)
    if _has_aswift(ready):
        return ready
    reasons = []
    for interpreter in (*_newer_interpreters(), sys.executable):
        print(f"installing {PACKAGE} for {interpreter} in {FOLDER} ...", file=sys.stderr)
        try:
            _install(interpreter)
        except (OSError, subprocess.SubprocessError) as problem:
            said = getattr(problem, "stderr", "") or str(problem)
            reasons.append(f"{interpreter}: {said.strip().splitlines()[-1]}")
        else:
            if _has_aswift(ready):
                return ready
            reasons.append(f"{interpreter}: installed, but its import fails")
    raise UnavailableError("; ".join(reasons))


def fit(traces: Sequence[tuple[FloatArray, FloatArray]]) -> FloatArray:
    """Height in A, potential in V and CPU time in ms of each scan, shape (n, 3).

    The answers are kept beside the environment: a scan that was fitted before is not fitted again.
    """
    lengths = np.array([len(potential_v) for potential_v, _ in traces])
    potential_v = np.concatenate([trace[0] for trace in traces])
    current_a = np.concatenate([trace[1] for trace in traces])
    key = hashlib.sha256(b"".join(a.tobytes() for a in (lengths, potential_v, current_a)))
    kept = FOLDER / f"{PACKAGE}-{key.hexdigest()[:24]}.npy"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as folder:
            scans, readings = Path(folder) / "scans.npz", Path(folder) / "readings.npy"
            np.savez(scans, lengths=lengths, potential_v=potential_v, current_a=current_a)
            _run(find(), FITS, scans, readings, seconds=None)
            shutil.copyfile(readings, kept)
    return np.asarray(np.load(kept))


def _newer_interpreters() -> Iterator[str]:
    """Interpreters of 3.12 or newer that start."""
    named = [shutil.which(f"python3.{minor}") for minor in (13, 12, 14)]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    managed = [str(path) for path in sorted(pyenv.glob("versions/3.*/bin/python3"))]
    uv = shutil.which("uv")
    by_uv = [_answer(uv, "python", "find", ">=3.12")] if uv else []
    for path in (sys.executable, *named, *managed, *by_uv):
        if path and _answer(path, "-c", "import sys; print(sys.version_info >= (3, 12))") == "True":
            yield path


def _answer(*command: str) -> str | None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def _install(interpreter: str) -> None:
    _run(interpreter, "-m", "venv", "--clear", FOLDER)
    pip = (_python_of(FOLDER), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    _run(*pip, *NEEDS)
    _run(*pip, "--no-deps", "--ignore-requires-python", PACKAGE)


def _has_aswift(python: Path) -> bool:
    return python.exists() and _answer(str(python), "-c", "import aswift; print(1)") == "1"


def _python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _run(*command: str | Path, seconds: float | None = _SETUP_SECONDS) -> None:
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run(
        [str(part) for part in command],
        env=one_thread,
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds,
    )
