"""The pages of who is signed in, in the groups and the order of the sidebar."""

from collections.abc import Mapping
from typing import Final

from dashboard.navigation import PageEntry
from dashboard.views import export, inspector, live, session, sessions

GROUPS: Final[Mapping[str, tuple[PageEntry, ...]]] = {
    "Monitor": (
        PageEntry("live", "Live", ":material/show_chart:", live.page),
        PageEntry("inspector", "Inspector", ":material/search:", inspector.page),
    ),
    "Data": (
        PageEntry("sessions", "Sessions", ":material/folder_open:", sessions.page),
        PageEntry("export", "Export", ":material/download:", export.page),
    ),
    "System": (PageEntry("session", "Session", ":material/tune:", session.page),),
}
