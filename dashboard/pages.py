"""The pages of who is signed in, in the groups and the order of the sidebar."""

from collections.abc import Mapping
from typing import Final

from dashboard.navigation import PageEntry
from dashboard.views import (
    alerts,
    calibration,
    compare,
    cyclic,
    decay,
    export,
    frequency_map,
    health,
    inspector,
    live,
    overview,
    session,
    sessions,
    wall_screen,
)

GROUPS: Final[Mapping[str, tuple[PageEntry, ...]]] = {
    "Monitor": (
        PageEntry("live", "Live", ":material/show_chart:", live.page),
        PageEntry("inspector", "Inspector", ":material/search:", inspector.page),
        PageEntry("frequency-map", "Frequency map", ":material/ssid_chart:", frequency_map.page),
        PageEntry("cyclic", "Cyclic", ":material/cycle:", cyclic.page),
        PageEntry("decay", "Decay", ":material/trending_down:", decay.page),
        PageEntry("overview", "Overview", ":material/grid_view:", overview.page),
        PageEntry("wall", "Wall screen", ":material/tv:", wall_screen.page),
    ),
    "Data": (
        PageEntry("sessions", "Sessions", ":material/folder_open:", sessions.page),
        PageEntry("compare", "Compare", ":material/stacked_line_chart:", compare.page),
        PageEntry("calibration", "Calibration", ":material/science:", calibration.page),
        PageEntry("export", "Export", ":material/download:", export.page),
    ),
    "System": (
        PageEntry("session", "Session", ":material/tune:", session.page),
        PageEntry("alerts", "Alerts", ":material/notifications:", alerts.page),
        PageEntry("health", "Health", ":material/monitor_heart:", health.page),
    ),
}
