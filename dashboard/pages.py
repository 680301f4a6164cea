"""The pages of who is signed in, in the groups and the order of the sidebar."""

from collections.abc import Mapping
from typing import Final

from dashboard.navigation import PageEntry
from dashboard.views import compare, export, inspector, live, session, sessions

GROUPS: Final[Mapping[str, tuple[PageEntry, ...]]] = {
    "Monitor": (
        PageEntry("live", "Live", ":material/show_chart:", live.page),
        PageEntry("inspector", "Inspector", ":material/search:", inspector.page),
    ),
    "Data": (
        PageEntry("sessions", "Sessions", ":material/folder_open:", sessions.page),
        PageEntry("compare", "Compare", ":material/stacked_line_chart:", compare.page),
        PageEntry("export", "Export", ":material/download:", export.page),
    ),
    "System": (PageEntry("session", "Session", ":material/tune:", session.page),),
}
