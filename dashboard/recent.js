// The browser's own memory of user_ids; keys are never in it.

const PLACE = "sacmes.recent_user_ids";
const MOST = 6;

function read() {
  try {
    const held = JSON.parse(localStorage.getItem(PLACE) ?? "[]");
    return Array.isArray(held) ? held.filter((id) => /^[a-z0-9][a-z0-9_-]{2,63}$/.test(id)).slice(0, MOST) : [];
  } catch {
    return [];
  }
}

function write(ids) {
  try { localStorage.setItem(PLACE, JSON.stringify(ids.slice(0, MOST))); } catch { /* private mode */ }
}

function button(name, text, label, onclick) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = name;
  element.textContent = text;
  element.title = label;
  element.setAttribute("aria-label", label);
  element.onclick = onclick;
  return element;
}

function draw(root, setTriggerValue) {
  const ids = read();
  const entries = ids.map((id) => {
    const entry = document.createElement("span");
    entry.className = "entry";
    entry.append(
      button("choose", id, `Use ${id}`, () => setTriggerValue("chosen", id)),
      button("forget", "×", `Forget ${id}`, () => {
        write(read().filter((other) => other !== id));
        draw(root, setTriggerValue);
      }),
    );
    return entry;
  });
  const heading = document.createElement("span");
  heading.className = "heading";
  heading.textContent = ids.length ? "Recent on this browser" : "";
  root.replaceChildren(heading, ...entries);
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".recent");
  if (data.remember) write([data.remember, ...read().filter((id) => id !== data.remember)]);
  if (data.show) draw(root, setTriggerValue);
}
