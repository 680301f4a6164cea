// On a phone the sidebar lies over the page: whoever has chosen a page in it wants to see that.

const PHONE = "(max-width: 767px)";

function fold(sidebar, event) {
  if (!window.matchMedia(PHONE).matches || !event.target.closest("a")) return;
  // After the link has done its work, which ends with the sidebar's content.
  setTimeout(() => sidebar.querySelector("[data-testid=stSidebarCollapseButton] button")?.click());
}

export default function () {
  const sidebar = document.querySelector("[data-testid=stSidebar]");
  if (!sidebar || sidebar.folds) return;
  sidebar.folds = true;
  sidebar.addEventListener("click", (event) => fold(sidebar, event));
}
