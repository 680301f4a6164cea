"""The pages of who is signed in, in the groups and the order of the sidebar."""

from collections.abc import Mapping
from typing import Final

from dashboard.navigation import PageEntry
from dashboard.views import alerts, calibration, live, session

GROUPS: Final[Mapping[str, tuple[PageEntry, ...]]] = {
    "Monitor": (PageEntry("live", "Live", ":material/show_chart:", live.page),),
    "Data": (PageEntry("calibration", "Calibration", ":material/science:", calibration.page),),
    "System": (
        PageEntry("session", "Session", ":material/tune:", session.page),
        PageEntry("alerts", "Alerts", ":material/notifications:", alerts.page),
    ),
}
