// What is shown is given by the page when it is drawn, and from then on by its feed.

function fed(root, name, show) {
  root.show = show;
  if (root.fed) return;
  root.fed = true;
  const hear = ({ detail }) => {
    if (root.isConnected) root.show(detail);
    else document.removeEventListener(`sacmes:${name}`, hear);
  };
  document.addEventListener(`sacmes:${name}`, hear);
}

