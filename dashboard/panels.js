// Header, cards, table and notices. Every text from outside enters as text, never as markup.

const SIGNS = { good: "●", info: "●", attention: "▲", idle: "○", alarm: "■" };

function make(tag, name, text, title) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined && text !== null) element.textContent = text;
  if (title) element.title = title;
  return element;
}

function fill(parent, ...children) {
  parent.replaceChildren(...children.filter(Boolean));
  return parent;
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Outside https and localhost there is no clipboard API.
    const area = make("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

function copyButton(text, what) {
  const button = make("button", "copy", "Copy", `Copy ${what}`);
  button.type = "button";
  button.onclick = () => copy(text, button);
  return button;
}

function chip({ label, tone, detail }) {
  const element = make("span", `chip ${tone}`, null, detail);
  const sign = make("span", "sign", SIGNS[tone]);
  sign.setAttribute("aria-hidden", "true");
  element.append(sign, make("span", "", label));
  return element;
}

function header(root, data, memory) {
  if (memory.user_id !== data.user_id) {
    memory.user_id = data.user_id;
    const title = fill(make("div", "title"), make("h1", "", data.user_id), copyButton(data.user_id, "the user_id"));
    const left = fill(make("div", "left"), title, make("div", "subtitle"));
    fill(root, fill(make("header", "header"), left, make("div", "chips")));
    root.querySelector(".chips").setAttribute("role", "status");
  }
  root.querySelector(".subtitle").textContent = data.subtitle;
  fill(root.querySelector(".chips"), ...data.chips.map(chip));
}

function sparkline(values) {
  const numbers = values.filter((v) => v !== null);
  if (numbers.length < 3) return null;
  const [width, height] = [100, 26];
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const x = (i) => (i / (values.length - 1)) * width;
  const y = (v) => height - 2 - ((v - low) / (high - low || 1)) * (height - 4);
  let path = "";
  let pen = "M";
  values.forEach((v, i) => {
    if (v === null) { pen = "M"; return; }
    path += `${pen}${x(i).toFixed(1)} ${y(v).toFixed(1)}`;
    pen = "L";
  });
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("spark");
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

function progress(fraction) {
  const bar = make("div", "bar");
  const done = make("div", "done");
  done.style.width = `${Math.round(100 * Math.min(1, fraction))}%`;
  bar.append(done);
  return bar;
}

function card({ label, value, unit, note, spark, fraction, pale }) {
  const element = make("div", pale ? "card pale" : "card");
  const number = fill(make("div", "number"), make("span", "value", value), unit ? make("span", "unit", unit) : null);
  const below = spark ? sparkline(spark) : null;
  return fill(
    element,
    make("div", "label", label, label),
    fill(make("div", "middle"), number, below),
    typeof fraction === "number" ? progress(fraction) : null,
    make("div", "note", note, note),
  );
}

function openable(row, name) {
  row.classList.add("openable");
  row.tabIndex = 0;
  row.dataset.opens = name;
  return row;
}

// Rows are made anew while one clicks, so the frame listens, and what was pressed counts.
const STILL_PX = 6;

function listen(frame, tell) {
  const name = (event) => event.target.closest("tr.openable")?.dataset.opens;
  frame.onpointerdown = (event) => { frame.pressed = { name: name(event), x: event.clientX, y: event.clientY }; };
  frame.onpointerup = (event) => {
    const pressed = frame.pressed;
    frame.pressed = undefined;
    if (!pressed?.name || Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > STILL_PX) return;
    tell("opened", pressed.name);
  };
  frame.onkeydown = (event) => { if (event.key === "Enter" && name(event)) tell("opened", name(event)); };
}

function table(root, data, memory, tell) {
  const head = fill(make("tr"), ...data.columns.map((c) => make("th", c.align, c.label)));
  const rows = data.rows.map((cells, r) => {
    const row = fill(make("tr"), ...cells.map((cell, i) => {
      const { text, title, tone } = typeof cell === "object" ? cell : { text: cell };
      return make("td", `${data.columns[i].align} ${tone ?? ""}`, text, title);
    }));
    return data.opens ? openable(row, data.opens[r]) : row;
  });
  const body = fill(make("table"), fill(make("thead"), head), fill(make("tbody"), ...rows));
  const frame = root.querySelector(".rows") ?? make("div", "rows");
  frame.style.maxHeight = `${data.height}px`;
  frame.tabIndex = 0;
  listen(frame, tell);
  frame.setAttribute("aria-label", data.label);
  fill(root, fill(frame, body));
}

function notice(root, { title, tone, text, steps, commands, fraction, lone }) {
  const box = make("section", `notice ${tone} ${lone ? "lone" : ""}`);
  const sign = make("span", "sign", SIGNS[tone]);
  sign.setAttribute("aria-hidden", "true");
  fill(
    box,
    fill(make("div", "heading"), sign, make("h2", "", title)),
    text ? make("p", "", text) : null,
    typeof fraction === "number" ? progress(fraction) : null,
    steps?.length ? fill(make("ol"), ...steps.map((step) => make("li", "", step))) : null,
    ...(commands ?? []).map((c) => fill(make("div", "command"), make("code", "", c), copyButton(c, "the command"))),
  );
  fill(root, box);
}

function cards(root, data) {
  fill(root, fill(make("div", "cards"), ...data.cards.map(card)));
}

const KINDS = { header, cards, table, notice };

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".panel");
  const now = JSON.stringify(data);
  if (root.shown === now) return;
  root.shown = now;
  root.memory ??= {};
  KINDS[data.kind](root, data, root.memory, setTriggerValue);
}
