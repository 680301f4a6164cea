"""The pages of who is signed in, in the groups and the order of the sidebar."""

from collections.abc import Mapping
from typing import Final

from dashboard.navigation import PageEntry
from dashboard.views import inspector, live, session

GROUPS: Final[Mapping[str, tuple[PageEntry, ...]]] = {
    "Monitor": (
        PageEntry("live", "Live", ":material/show_chart:", live.page),
        PageEntry("inspector", "Inspector", ":material/search:", inspector.page),
    ),
    "System": (PageEntry("session", "Session", ":material/tune:", session.page),),
}
