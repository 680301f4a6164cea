"""The run that the examples of payloads are about: its session, a scan and what became of it."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from sacmes_core.payloads.alerts import Alert
from sacmes_core.payloads.calibration import (
    Calibration,
    CalibrationCurve,
    Dose,
    Drawn,
    EnteredCurve,
    Limited,
)
from sacmes_core.payloads.columns import HistoryColumns, ScanWithoutNumbers, TrendColumns
from sacmes_core.payloads.marks import Mark
from sacmes_core.payloads.results import (
    Curves,
    ElectrodeCurves,
    ElectrodeResult,
    Result,
    ScanReference,
)
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.method import MethodSettings
from sacmes_core.settings.peak import PeakSettings
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings
from sacmes_core.settings.trend import TrendSettings
from sacmes_core.upload import UploadHeader, upload_id

START: Final = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
MEASURED: Final = datetime(2026, 3, 2, 10, 15, 20, tzinfo=timezone(timedelta(hours=1)))
SESSION_ID: Final = "0b6f6c1e-5d0c-4c1e-9d43-2f1f0b1f8a55"

CONTENT: Final = (
    b"Potential/V, i1d/A, i1f/A, i1r/A\r\n\r\n-0.201, -1.495e-7, -5.668e-8, 9.286e-8\r\n"
)
UPLOAD_ID: Final = upload_id(SESSION_ID, "SWV_15Hz_1.txt", CONTENT)

UPLOAD_HEADER: Final = UploadHeader(
    session_id=SESSION_ID,
    upload_id=UPLOAD_ID,
    file="SWV_15Hz_1.txt",
    technique="swv",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    complete=True,
    frequency_hz=15.0,
    number=1,
    electrode=1,
    measured_at=MEASURED,
    measured_at_source="header",
    clock_synced=True,
    modified_at=MEASURED,
    after="e1f9b9f0a3b54a9b3f7d3f7f2cb0d06f8a1c8c4b0ef7a5ac5a9d54a1a3bfa4c2",
)

SETTINGS: Final = SessionSettings(
    source=SourceSettings(
        handle="SWV_",
        extension=".txt",
        frequencies_hz=(15.0, 200.0),
        first_number=1,
        last_number=2000,
        backlog="all",
        method=MethodSettings(interval_s=60.0, repeats=2000),
    ),
    peak=PeakSettings(potential_min_v=-0.45, potential_max_v=-0.1),
    trend=TrendSettings(reference_number=1, low_frequency_hz=15.0, high_frequency_hz=200.0),
)
SESSION: Final = SessionDocument(
    session_id=SESSION_ID,
    name="ATP in serum, sensor 7",
    technique="swv",
    state="running",
    revision=12,
    settings_revision=11,
    started_at=START,
    changed_at=START,
    changed_by="lab-7",
    settings=SETTINGS,
)
SCAN: Final = ScanReference(
    file="SWV_15Hz_1.txt",
    index=0,
    revision=1,
    technique="swv",
    format="chi",
    frequency_hz=15.0,
    number=1,
    measured_at=MEASURED,
    measured_at_source="header",
)
RESULT: Final = Result(
    session_id=SESSION_ID,
    position=1,
    upload_id=UPLOAD_ID,
    scan=SCAN,
    settings_revision=11,
    trend_revision=1,
    method="sacmes-web",
    version="0.1.0",
    electrodes=(
        ElectrodeResult(
            electrode=1,
            peak_current_a=3.61e-7,
            peak_current_se_a=2.1e-9,
            peak_potential_v=-0.281,
            peak_potential_se_v=0.0004,
            area_av=3.4e-8,
            area_se_av=4.0e-10,
            fwhm_v=0.094,
            fwhm_se_v=0.001,
            normalised=1.0,
            kdm=1.0,
            flags=("too_noisy",),
        ),
    ),
    flags=("name_header_mismatch",),
)
CURVES: Final = Curves(
    session_id=SESSION_ID,
    position=1,
    scan=SCAN,
    settings_revision=11,
    electrodes=(
        ElectrodeCurves(
            electrode=1,
            potential_v=(-0.201, -0.202, -0.203),
            current_a=(-1.495e-7, -1.837e-7, -1.858e-7),
            smoothed_a=(-1.5e-7, -1.8e-7, -1.86e-7),
            baseline_a=(-1.4e-7, -1.4e-7, -1.4e-7),
            peak_current_a=3.61e-7,
            peak_potential_v=-0.281,
        ),
    ),
)
COLUMNS: Final = HistoryColumns(
    from_at=MEASURED,
    trends=(
        TrendColumns(
            electrode=1,
            frequency_hz=15.0,
            position=(1, 3),
            number=(1, 2),
            time_s=(0.0, 12.5),
            quantities={"peak_current_a": (3.61e-7, None), "normalised": (1.0, None)},
            flagged={"too_noisy": (0,), "no_peak": (1,)},
        ),
    ),
    without_numbers=(
        ScanWithoutNumbers(
            position=4, file="SWV_15Hz_3.txt", error="The file is empty; wait for the scan."
        ),
    ),
)

MARK: Final = Mark(
    mark_id="q7Gk2-3",
    kind="injection",
    label="ATP, second addition",
    at=MEASURED,
    number=40,
    concentration=50.0,
    concentration_unit="µM",
    by="lab-7",
)

ALERT: Final = Alert(
    alert_id="3f1c5a0e9b7d4c2286e0d1f4a5b6c7d8",
    kind="signal_out_of_band",
    state="acknowledged",
    since=START,
    sentence="The normalised current of electrode 1 at 15 Hz was 0.412 in scan 240, below 0.5 in 3 "
    "scans one after another.",
    session_id=SESSION_ID,
    quantity="normalised",
    electrode=1,
    frequency_hz=15.0,
    value=0.412,
    threshold=0.5,
    position=480,
    number=240,
    measured_at=MEASURED,
    acknowledged_at=START,
    acknowledged_by="lab-7",
)

ENTERED: Final = EnteredCurve(
    electrode=1,
    frequency_hz=15.0,
    baseline=1.0,
    baseline_se=0.004,
    gain=-0.6,
    gain_se=0.02,
    half_concentration_molar=4e-5,
    half_concentration_se_molar=3e-6,
    signal_se=0.01,
)
CALIBRATION: Final = Calibration(
    quantity="kdm",
    curves=(
        CalibrationCurve(
            electrode=1,
            doses=(
                Dose(concentration_molar=0.0, signal=1.01, position=20, number=10),
                Dose(concentration_molar=5e-5, signal=1.34, position=80, number=40),
            ),
            baseline=Limited(value=1.01, low=0.99, high=1.03),
            gain=Limited(value=0.61, low=0.55),
            half_concentration_molar=Limited(value=4e-5, low=3e-5, high=6e-5),
            hill_coefficient=Limited(value=1.0, low=1.0, high=1.0),
            r_squared=0.997,
            signal_sd=0.008,
            detection_molar=Limited(value=1.6e-6, low=8e-7, high=3e-6),
            quantification_molar=Limited(value=6e-6, low=4e-6, high=1e-5),
            usable_low_molar=2e-6,
            usable_high_molar=2e-4,
            flags=("saturation_not_reached",),
            drawn=Drawn(
                concentration_molar=(0.0, 5e-5),
                signal=(1.01, 1.35),
                low=(0.99, 1.33),
                high=(1.03, 1.37),
            ),
        ),
    ),
    revision=2,
    at=START,
    by="lab-7",
)
