"""One full example of each payload, as the AsyncAPI document and the tests show it."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from sacmes_core.payloads.alerts import (
    AcknowledgeRequest,
    Alert,
    Alerts,
    AlertsQuery,
    AlertsReply,
)
from sacmes_core.payloads.calibration import (
    CalibrateRequest,
    Calibration,
    CalibrationCurve,
    CalibrationQuery,
    CalibrationReply,
    Dose,
    Drawn,
    EnteredCurve,
    Limited,
)
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.marks import Mark, MarkRequest, MarksQuery, MarksReply, UnmarkRequest
from sacmes_core.payloads.presence import (
    AgentPresence,
    AnalyzerPresence,
    MeasurementLimits,
    UploadCounters,
    ViewerPresence,
)
from sacmes_core.payloads.preview import PreviewCurve, PreviewQuery, PreviewReply, PreviewScan
from sacmes_core.payloads.questions import (
    DeleteRequest,
    ExportQuery,
    HistoryQuery,
    ListQuery,
    MeasureRequest,
    RenameRequest,
    ScanQuery,
    SessionsQuery,
    SettingsRequest,
    StartRequest,
    StopRequest,
    TrialQuery,
    UndeleteRequest,
)
from sacmes_core.payloads.rates import ElectrodeRates, Population, RatesQuery, RatesReply
from sacmes_core.payloads.replies import (
    FoundFiles,
    HistoryReply,
    ListReply,
    MeasureReply,
    Problem,
    ScanReply,
    SessionReply,
    SessionsReply,
    SessionSummary,
)
from sacmes_core.payloads.results import (
    Curves,
    ElectrodeCurves,
    ElectrodeResult,
    Progress,
    Receipt,
    Receipts,
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

_START: Final = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
_MEASURED: Final = datetime(2026, 3, 2, 10, 15, 20, tzinfo=timezone(timedelta(hours=1)))
_SESSION_ID: Final = "0b6f6c1e-5d0c-4c1e-9d43-2f1f0b1f8a55"

CONTENT: Final = (
    b"Potential/V, i1d/A, i1f/A, i1r/A\r\n\r\n-0.201, -1.495e-7, -5.668e-8, 9.286e-8\r\n"
)
_UPLOAD_ID: Final = upload_id(_SESSION_ID, "SWV_15Hz_1.txt", CONTENT)

UPLOAD_HEADER: Final = UploadHeader(
    session_id=_SESSION_ID,
    upload_id=_UPLOAD_ID,
    file="SWV_15Hz_1.txt",
    technique="swv",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    complete=True,
    frequency_hz=15.0,
    number=1,
    electrode=1,
    measured_at=_MEASURED,
    measured_at_source="header",
    clock_synced=True,
    modified_at=_MEASURED,
)

_SETTINGS: Final = SessionSettings(
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
_SESSION: Final = SessionDocument(
    session_id=_SESSION_ID,
    name="ATP in serum, sensor 7",
    technique="swv",
    state="running",
    revision=12,
    settings_revision=11,
    started_at=_START,
    changed_at=_START,
    changed_by="lab-7",
    settings=_SETTINGS,
)
_SCAN: Final = ScanReference(
    file="SWV_15Hz_1.txt",
    index=0,
    revision=1,
    technique="swv",
    format="chi",
    frequency_hz=15.0,
    number=1,
    measured_at=_MEASURED,
    measured_at_source="header",
)
_RESULT: Final = Result(
    session_id=_SESSION_ID,
    position=1,
    upload_id=_UPLOAD_ID,
    scan=_SCAN,
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
_CURVES: Final = Curves(
    session_id=_SESSION_ID,
    position=1,
    scan=_SCAN,
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

_MARK: Final = Mark(
    mark_id="q7Gk2-3",
    kind="injection",
    label="ATP, second addition",
    at=_MEASURED,
    number=40,
    concentration=50.0,
    concentration_unit="µM",
    by="lab-7",
)

_ALERT: Final = Alert(
    alert_id="3f1c5a0e9b7d4c2286e0d1f4a5b6c7d8",
    kind="signal_out_of_band",
    state="acknowledged",
    since=_START,
    sentence="The normalised current of electrode 1 at 15 Hz was 0.412 in scan 240, below 0.5 in 3 "
    "scans one after another.",
    session_id=_SESSION_ID,
    quantity="normalised",
    electrode=1,
    frequency_hz=15.0,
    value=0.412,
    threshold=0.5,
    position=480,
    number=240,
    measured_at=_MEASURED,
    acknowledged_at=_START,
    acknowledged_by="lab-7",
)

_ENTERED: Final = EnteredCurve(
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
_CALIBRATION: Final = Calibration(
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
    at=_START,
    by="lab-7",
)

EXAMPLES: Final[tuple[Payload, ...]] = (
    AgentPresence(
        state="online",
        instance="9f86d081884c7d659a2feaa0c55ad015",
        number=3,
        heartbeat_at=_START,
        since=_START,
        version="0.1.0",
        host="PC-LAB2",
        source="serial",
        source_name="/dev/serial/by-id/usb-FTDI_FT230X_Basic_UART_DM00ABCD-if00-port0",
        session_id=_SESSION_ID,
        revision=12,
        remote_start=True,
        instrument="EmStat Pico, firmware espico1304#Oct 22 2021 14:38:26",
        limits=MeasurementLimits(
            min_v=-1.25, max_v=1.0, max_current_a=5e-3, max_scans=1_000_000, max_duration_s=3600.0
        ),
        clock_synced=True,
        counters=UploadCounters(seen=240, sent=240, confirmed=239, waiting=1, refused=0),
        problem="The line to the instrument was lost in the middle of the scan.",
    ),
    ViewerPresence(viewer="q7Gk2", pages=2, since=_START, heartbeat_at=_START, version="0.1.0"),
    AnalyzerPresence(
        state="online",
        analyzer="server-1",
        role="run",
        heartbeat_at=_START,
        since=_START,
        version="0.1.0",
        waiting=0,
        stored=240,
        analysed=240,
        refused=0,
        problem="The disk is full: nothing is stored and no scan is confirmed until there is room.",
    ),
    _SESSION,
    Receipts(
        receipts=(
            Receipt(upload_id=_UPLOAD_ID, status="stored"),
            Receipt(
                upload_id="a" * 64,
                status="refused",
                retry=True,
                reason="The bytes do not fit their checksum.",
            ),
        )
    ),
    _RESULT,
    _CURVES,
    Progress(session_id=_SESSION_ID, job="analysis", done=400, of=1000, settings_revision=12),
    Alerts(alerts=(_ALERT,)),
    CalibrationQuery(session_id=_SESSION_ID, quantity="kdm", hill="one", last_scans=5),
    CalibrateRequest(
        session_id=_SESSION_ID,
        source="entered",
        quantity="normalised",
        hill="one",
        last_scans=5,
        entered=(_ENTERED,),
        from_session_id=_SESSION_ID,
        by="lab-7",
    ),
    CalibrationReply(
        session_id=_SESSION_ID,
        holds=_CALIBRATION,
        found=_CALIBRATION,
        problem="No mark of this session has a concentration with scans after it.",
    ),
    AlertsQuery(limit=100),
    AcknowledgeRequest(alert_id=_ALERT.alert_id, by="lab-7"),
    AlertsReply(alerts=(_ALERT,)),
    SessionsQuery(limit=20),
    HistoryQuery(session_id=_SESSION_ID, after_position=200, after_index=0, limit=500),
    ScanQuery(session_id=_SESSION_ID, position=1, index=0),
    TrialQuery(
        session_id=_SESSION_ID,
        position=1,
        index=0,
        reading=_SETTINGS.reading,
        peak=_SETTINGS.peak,
    ),
    ExportQuery(
        session_id=_SESSION_ID,
        format="csv",
        electrodes=(1, 2),
        frequencies_hz=(15.0, 200.0),
        first_number=1,
        last_number=120,
        part=1,
    ),
    StartRequest(
        seen_revision=11,
        technique="swv",
        name="ATP in serum, sensor 7",
        by="lab-7",
        settings=_SETTINGS,
    ),
    StopRequest(seen_revision=12, by="lab-7"),
    SettingsRequest(seen_revision=12, by="lab-7", settings=_SETTINGS),
    MarksQuery(session_id=_SESSION_ID),
    MarkRequest(session_id=_SESSION_ID, **_MARK.model_dump()),
    UnmarkRequest(session_id=_SESSION_ID, mark_id=_MARK.mark_id),
    MarksReply(session_id=_SESSION_ID, marks=(_MARK,)),
    RenameRequest(session_id=_SESSION_ID, name="ATP in serum, sensor 7, second day", by="lab-7"),
    DeleteRequest(session_id=_SESSION_ID),
    UndeleteRequest(session_id=_SESSION_ID),
    ListQuery(handle="SWV_", extension=".txt"),
    MeasureRequest(session_id=_SESSION_ID, by="lab-7"),
    Problem(
        type="conflict",
        title="The session was changed by someone else",
        detail="pc-lab2 stopped the session at 10:15; look at it again before you change it.",
        revision=13,
    ),
    SessionsReply(
        sessions=(
            SessionSummary(session=_SESSION, scans=240, last_position=240, last_result_at=_START),
        )
    ),
    HistoryReply(
        session=_SESSION,
        results=(_RESULT,),
        trend_revision=1,
        settings_revision=_RESULT.settings_revision,
        last_position=1,
        more=False,
    ),
    ScanReply(result=_RESULT, curves=_CURVES),
    SessionReply(session=_SESSION),
    ListReply(
        source_name="C:\\Data\\ATP",
        found=(
            FoundFiles(
                handle="SWV_",
                extension=".txt",
                frequency_hz=15.0,
                files=120,
                first_number=1,
                last_number=120,
                last_file="SWV_15Hz_120.txt",
            ),
        ),
        truncated=False,
    ),
    RatesQuery(session_id=_SESSION_ID, number=1, amplitude_v=0.025, step_v=0.001),
    RatesReply(
        session_id=_SESSION_ID,
        amplitude_v=0.025,
        step_v=0.001,
        electrons=2,
        electrodes=(
            ElectrodeRates(
                electrode=1,
                populations=(
                    Population(
                        rate_hz=61.2,
                        rate_se_hz=0.7,
                        rate_low_hz=59.8,
                        rate_high_hz=62.6,
                        charge_c=3.1e-08,
                        charge_se_c=2e-10,
                    ),
                ),
                maximum_hz=53.7,
                frequency_hz=(15.0, 60.0, 240.0),
                peak_current_a=(4.1e-07, 1.2e-06, 2.1e-06),
            ),
        ),
    ),
    PreviewQuery(file="SWV_15Hz_120.txt", extension=".txt"),
    PreviewReply(
        source_name="C:\\CHI\\data",
        file="SWV_15Hz_120.txt",
        size_bytes=3412,
        modified_at=_MEASURED,
        text=CONTENT.decode(),
        scans=(
            PreviewScan(
                index=0,
                format="chi",
                technique="swv",
                frequency_hz=15.0,
                number=120,
                measured_at=_MEASURED,
                electrodes=(1,),
                points=3,
                incomplete="The scan ends at -0.203 V; its header says that it goes to -0.5 V.",
                flags=("truncated_scan",),
                curves=(
                    PreviewCurve(
                        electrode=1,
                        role="difference",
                        points=3,
                        potential_v=(-0.201, -0.202, -0.203),
                        current_a=(-1.495e-7, -1.837e-7, -1.858e-7),
                    ),
                ),
            ),
        ),
        scans_in_file=1,
    ),
    MeasureReply(session_id=_SESSION_ID, number=13, scans=2),
)
