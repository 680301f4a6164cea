"""The pages of who is signed in, in the groups and the order of the sidebar."""

from collections.abc import Mapping
from typing import Final

from dashboard.navigation import PageEntry
from dashboard.views import health, live, overview, session, wall_screen

GROUPS: Final[Mapping[str, tuple[PageEntry, ...]]] = {
    "Monitor": (
        PageEntry("live", "Live", ":material/show_chart:", live.page),
        PageEntry("overview", "Overview", ":material/grid_view:", overview.page),
        PageEntry("wall", "Wall screen", ":material/tv:", wall_screen.page),
    ),
    "System": (
        PageEntry("session", "Session", ":material/tune:", session.page),
        PageEntry("health", "Health", ":material/monitor_heart:", health.page),
    ),
}
