// What the browser keeps of a sign-in: for this tab a ticket, and for a wall screen that asked for
// it the key. Neither is ever in an address.

const TICKET = "sacmes.ticket";
const WALL = "sacmes.wall";

function read(store, place) {
  try { return store.getItem(place); } catch { return null; }
}

function write(store, place, text) {
  try {
    if (text === null) store.removeItem(place);
    else if (store.getItem(place) !== text) store.setItem(place, text);
  } catch { /* private mode */ }
}

function wall() {
  try {
    const held = JSON.parse(read(localStorage, WALL) ?? "{}");
    return held && typeof held === "object" ? held : {};
  } catch {
    return {};
  }
}

function keepWall(entries) {
  write(localStorage, WALL, Object.keys(entries).length ? JSON.stringify(entries) : null);
  window.dispatchEvent(new Event(WALL));
}

function found(data) {
  const ticket = read(sessionStorage, TICKET);
  const screen = data.monitor ? wall()[data.user_id] : undefined;
  return ticket || screen ? { ticket, screen } : null;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".keeper");
  if (data.forget_tab) write(sessionStorage, TICKET, null);
  if (data.ticket) write(sessionStorage, TICKET, data.ticket);
  for (const user_id of data.forget_walls ?? []) {
    const { [user_id]: _gone, ...others } = wall();
    keepWall(others);
  }
  if (data.wall) keepWall({ ...wall(), [data.wall.user_id]: data.wall });
  if (data.say_wall) {
    const say = () => {
      root.textContent = wall()[data.say_wall] ? "This browser keeps the key." : "This browser does not keep the key.";
    };
    if (root.say) window.removeEventListener(WALL, root.say);
    window.addEventListener(WALL, root.say = say);
    say();
  }
  if (data.ask && !root.asked) {
    root.asked = true;
    const answer = found(data);
    if (answer) setTriggerValue("found", answer);
  }
}
