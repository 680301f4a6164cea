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
  const label = button.dataset.label;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = label; }, 2000);
}

function copyButton(label, text, what) {
  const button = make("button", "copy", label, `Copy ${what}`);
  button.type = "button";
  button.dataset.label = label;
  button.onclick = () => copy(text(), button);
  return button;
}

// A chip with something to say opens it at a click, for fingers as well as for a pointer. It is
// changed in place: one that were made anew each second would lose the click on it.
function chip({ label, tone, detail }) {
  const element = make(detail ? "button" : "span");
  if (detail) {
    element.type = "button";
    element.setAttribute("aria-expanded", "false");
  }
  const sign = make("span", "sign");
  sign.setAttribute("aria-hidden", "true");
  element.append(sign, make("span"));
  return rechip(element, { label, tone, detail });
}

function rechip(element, { label, tone, detail }) {
  element.className = `chip ${tone}`;
  element.title = detail;
  Object.assign(element.dataset, { label, detail });
  element.firstChild.textContent = SIGNS[tone];
  element.lastChild.textContent = label;
  return element;
}

function chipsInto(place, data) {
  const there = [...place.children];
  const fits = (element, { detail }) => element && (element.tagName === "BUTTON") === Boolean(detail);
  const chips = data.map((c, i) => (fits(there[i], c) ? rechip(there[i], c) : chip(c)));
  if (chips.length !== there.length || chips.some((c, i) => c !== there[i])) fill(place, ...chips);
  return chips;
}

function pageAddress(user_id) {
  return `${location.origin}${location.pathname}?user_id=${encodeURIComponent(user_id)}`;
}

function header(root, data, memory) {
  if (memory.user_id !== data.user_id) {
    memory.user_id = data.user_id;
    memory.open = -1;
    const title = fill(
      make("div", "title"), make("h1", "", data.user_id),
      data.copied ? copyButton("Copy", () => data.user_id, data.copied) : null,
      data.copied ? copyButton("Copy link", () => pageAddress(data.user_id), "the address of this page; the key is not in it") : null,
    );
    const left = fill(make("div", "left"), title, make("div", "subtitle"));
    const detail = make("p", "detail");
    fill(root, fill(make("header", "header"), left, make("div", "chips"), detail));
    root.querySelector(".chips").setAttribute("role", "status");
  }
  root.querySelector(".subtitle").textContent = data.subtitle;
  const chips = chipsInto(root.querySelector(".chips"), data.chips);
  const show = () => {
    chips.forEach((c, i) => c.dataset.detail && c.setAttribute("aria-expanded", String(i === memory.open)));
    const said = chips[memory.open]?.dataset.detail ?? "";
    root.querySelector(".detail").textContent = said;
    root.querySelector(".detail").hidden = !said;
  };
  chips.forEach((c, i) => { c.onclick = () => { memory.open = memory.open === i ? -1 : i; show(); }; });
  show();
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
    ...(commands ?? []).map((c) => fill(make("div", "command"), make("code", "", c), copyButton("Copy", () => c, "the command"))),
  );
  fill(root, box);
}

function cards(root, data) {
  fill(root, fill(make("div", "cards"), ...data.cards.map(card)));
}

function message({ number, time, topic, size, retained, text }) {
  const entry = make("details", "message");
  entry.dataset.number = number;
  const line = fill(
    make("summary"), make("span", "time", time), make("span", "topic", topic, topic),
    retained ? make("span", "tag", "retained") : null, make("span", "size", size),
  );
  return fill(entry, line, make("pre", "", text));
}

function messages(root, data) {
  const list = root.querySelector(".messages") ?? make("div", "messages");
  const there = new Map([...list.children].map((entry) => [Number(entry.dataset.number), entry]));
  fill(root, fill(list, ...data.messages.map((m) => there.get(m.number) ?? message(m))));
}

function tile(root, data) {
  const chips = root.querySelector(".chips") ?? make("div", "chips");
  for (const c of chipsInto(chips, data.chips)) {
    const say = () => { c.lastChild.textContent = c.open ? `${c.dataset.label} · ${c.dataset.detail}` : c.dataset.label; };
    c.onclick = () => { c.open = !c.open; c.setAttribute("aria-expanded", String(c.open)); say(); };
    say();
  }
  const box = make("section", data.pale ? "card tile pale" : "card tile");
  const number = fill(make("div", "number"), make("span", "value", data.value), data.unit ? make("span", "unit", data.unit) : null);
  fill(
    box,
    fill(make("div", "heading"), make("h2", "", data.user_id, data.user_id), data.role ? make("span", "tag", data.role) : null),
    make("div", "subtitle", data.subtitle, data.subtitle),
    fill(make("div", "middle"), number, sparkline(data.spark)),
    make("div", "note", data.note, data.note),
    chips,
    ...data.alerts.map((said) => fill(make("div", "said alarm"), make("span", "sign", SIGNS.alarm), make("span", "", said))),
  );
  fill(root, box);
}

const SILENT_MS = 12_000;

// A screen that nobody touches must say by itself that the dashboard no longer reaches it.
function watchSilence(root, memory) {
  memory.heard = new Date();
  memory.timer ??= setInterval(() => {
    if (!root.isConnected) { clearInterval(memory.timer); return; }
    const silent = Date.now() - memory.heard > SILENT_MS;
    const line = root.querySelector(".silent");
    line.hidden = !silent;
    line.textContent = `No word from the dashboard since ${memory.heard.toLocaleTimeString()}`;
    root.querySelector(".wall").classList.toggle("pale", silent);
  }, 2000);
}

function wall(root, data, memory) {
  const silent = make("div", "silent");
  silent.hidden = true;
  const top = fill(
    make("header", "wall-top"), make("h1", "", data.user_id), make("span", "subtitle", data.subtitle),
    fill(make("div", "chips"), ...data.chips.map((c) => chip({ ...c, detail: "" }))), make("span", "clock", data.clock),
  );
  const alerts = data.alerts.map((said) => fill(make("div", "wall-alert"), make("span", "sign", SIGNS.alarm), make("span", "", said)));
  const numbers = fill(make("div", "numbers"), ...data.cards.map((c) => card({ ...c, spark: null, pale: data.pale })));
  fill(root, fill(make("div", "wall"), top, silent, ...alerts, numbers));
  watchSilence(root, memory);
}

function address(root, data) {
  const text = `${location.origin}${data.path}`;
  const link = make("a", "", text, "Open it in another tab");
  link.href = text;
  link.target = "_blank";
  // The new tab is the same person's: it takes the ticket of this one along.
  link.rel = "opener";
  fill(root, fill(make("div", "command"), link, copyButton("Copy", () => text, "the address")));
}

const KINDS = { header, cards, table, notice, messages, tile, wall, address };

function show(root, data, tell) {
  const now = JSON.stringify(data);
  if (root.shown === now) return;
  root.shown = now;
  root.memory ??= {};
  KINDS[data.kind](root, data, root.memory, tell);
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".panel");
  if (!(data instanceof Uint8Array)) { show(root, data, setTriggerValue); return; }
  const text = new TextDecoder().decode(data);
  const { fed: name, ...given } = JSON.parse(text);
  fed(root, name, (news) => show(root, news, setTriggerValue));
  // Drawn again without news of its own, a part would fall back to what it was at first.
  if (root.given === text) return;
  root.given = text;
  show(root, given, setTriggerValue);
}
