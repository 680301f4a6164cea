"""One full example of each payload, as the AsyncAPI document and the tests show it."""

from typing import Final

from sacmes_core.example_run import (
    ALERT,
    CALIBRATION,
    CONTENT,
    CURVES,
    ENTERED,
    MARK,
    MEASURED,
    RESULT,
    SESSION,
    SESSION_ID,
    SETTINGS,
    START,
    UPLOAD_ID,
)
from sacmes_core.payloads.alerts import AcknowledgeRequest, Alerts, AlertsQuery, AlertsReply
from sacmes_core.payloads.calibration import CalibrateRequest, CalibrationQuery, CalibrationReply
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.marks import MarkRequest, MarksQuery, MarksReply, UnmarkRequest
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
    Progress,
    Receipt,
    Receipts,
)

EXAMPLES: Final[tuple[Payload, ...]] = (
    AgentPresence(
        state="online",
        instance="9f86d081884c7d659a2feaa0c55ad015",
        number=3,
        heartbeat_at=START,
        since=START,
        version="0.1.0",
        host="PC-LAB2",
        source="serial",
        source_name="/dev/serial/by-id/usb-FTDI_FT230X_Basic_UART_DM00ABCD-if00-port0",
        session_id=SESSION_ID,
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
    ViewerPresence(viewer="q7Gk2", pages=2, since=START, heartbeat_at=START, version="0.1.0"),
    AnalyzerPresence(
        state="online",
        analyzer="server-1",
        role="run",
        heartbeat_at=START,
        since=START,
        version="0.1.0",
        waiting=0,
        stored=240,
        analysed=240,
        refused=0,
        problem="The disk is full: nothing is stored and no scan is confirmed until there is room.",
    ),
    SESSION,
    Receipts(
        receipts=(
            Receipt(upload_id=UPLOAD_ID, status="stored"),
            Receipt(
                upload_id="a" * 64,
                status="refused",
                retry=True,
                reason="The bytes do not fit their checksum.",
            ),
        )
    ),
    RESULT,
    CURVES,
    Progress(session_id=SESSION_ID, job="analysis", done=400, of=1000, settings_revision=12),
    Alerts(alerts=(ALERT,)),
    CalibrationQuery(session_id=SESSION_ID, quantity="kdm", hill="one", last_scans=5),
    CalibrateRequest(
        session_id=SESSION_ID,
        source="entered",
        quantity="normalised",
        hill="one",
        last_scans=5,
        entered=(ENTERED,),
        from_session_id=SESSION_ID,
        by="lab-7",
    ),
    CalibrationReply(
        session_id=SESSION_ID,
        holds=CALIBRATION,
        found=CALIBRATION,
        problem="No mark of this session has a concentration with scans after it.",
    ),
    AlertsQuery(limit=100),
    AcknowledgeRequest(alert_id=ALERT.alert_id, by="lab-7"),
    AlertsReply(alerts=(ALERT,)),
    SessionsQuery(limit=20),
    HistoryQuery(session_id=SESSION_ID, after_position=200, after_index=0, limit=500),
    ScanQuery(session_id=SESSION_ID, position=1, index=0),
    TrialQuery(
        session_id=SESSION_ID,
        position=1,
        index=0,
        reading=SETTINGS.reading,
        peak=SETTINGS.peak,
    ),
    ExportQuery(
        session_id=SESSION_ID,
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
        settings=SETTINGS,
    ),
    StopRequest(seen_revision=12, by="lab-7"),
    SettingsRequest(seen_revision=12, by="lab-7", settings=SETTINGS),
    MarksQuery(session_id=SESSION_ID),
    MarkRequest(session_id=SESSION_ID, **MARK.model_dump()),
    UnmarkRequest(session_id=SESSION_ID, mark_id=MARK.mark_id),
    MarksReply(session_id=SESSION_ID, marks=(MARK,)),
    RenameRequest(session_id=SESSION_ID, name="ATP in serum, sensor 7, second day", by="lab-7"),
    DeleteRequest(session_id=SESSION_ID),
    UndeleteRequest(session_id=SESSION_ID),
    ListQuery(handle="SWV_", extension=".txt"),
    MeasureRequest(session_id=SESSION_ID, by="lab-7"),
    Problem(
        type="conflict",
        title="The session was changed by someone else",
        detail="pc-lab2 stopped the session at 10:15; look at it again before you change it.",
        revision=13,
    ),
    SessionsReply(
        sessions=(
            SessionSummary(
                session=SESSION,
                scans=240,
                last_position=240,
                last_result_at=START,
                flagged_share=0.0104,
                glimpse_electrode=1,
                glimpse_frequency_hz=100,
                glimpse_currents_a=(9.1e-7, 9.08e-7, 9.9e-7, 1.02e-6),
            ),
        )
    ),
    HistoryReply(
        session=SESSION,
        results=(RESULT,),
        trend_revision=1,
        settings_revision=RESULT.settings_revision,
        last_position=1,
        more=False,
    ),
    ScanReply(result=RESULT, curves=CURVES),
    SessionReply(session=SESSION),
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
    RatesQuery(session_id=SESSION_ID, number=1, amplitude_v=0.025, step_v=0.001),
    RatesReply(
        session_id=SESSION_ID,
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
        modified_at=MEASURED,
        text=CONTENT.decode(),
        scans=(
            PreviewScan(
                index=0,
                format="chi",
                technique="swv",
                frequency_hz=15.0,
                number=120,
                measured_at=MEASURED,
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
    MeasureReply(session_id=SESSION_ID, number=13, scans=2),
)
