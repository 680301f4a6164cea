// Draws a figure in place with Plotly.react, so that zoom and legend survive every update.

let library;

function plotly(address) {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      library = undefined;
      reject(new Error("The chart library cannot be loaded; reload the page."));
    };
    document.head.append(script);
  });
  return library;
}

// Okabe and Ito: told apart with every common colour vision; ordered by contrast in each theme.
const SERIES = {
  light: ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#B07D00", "#3A8FC4"],
  dark: ["#56B4E9", "#E69F00", "#2FC79A", "#E19CC3", "#F0E442", "#F07F35"],
};
const PAPER = {
  series: SERIES.light,
  text: "#1B1F24", muted: "#57606A", grid: "#E4E7EB", line: "#8C959F", paper: "#FFFFFF",
};

function isDark(colour) {
  const [r, g, b] = (colour.match(/[\d.]+/g) ?? ["255", "255", "255"]).map(Number);
  return 0.299 * r + 0.587 * g + 0.114 * b < 128;
}

function screenTheme(element) {
  const probe = document.createElement("span");
  probe.style.cssText = "display:none;color:var(--st-text-color);background:var(--st-background-color)";
  element.append(probe);
  const style = getComputedStyle(probe);
  const [text, paper] = [style.color, style.backgroundColor];
  const font = getComputedStyle(element).getPropertyValue("--st-font") || "sans-serif";
  probe.remove();
  const dark = isDark(paper);
  return {
    font, text, paper,
    series: dark ? SERIES.dark : SERIES.light,
    muted: dark ? "#A5B0BD" : "#57606A",
    grid: dark ? "rgba(255,255,255,0.09)" : "rgba(27,31,36,0.08)",
    line: dark ? "rgba(255,255,255,0.35)" : "rgba(27,31,36,0.35)",
  };
}

function coloured(value, theme) {
  if (typeof value === "string" && value[0] === "@") {
    const name = value.slice(1);
    return theme[name] ?? theme.series[Number(name) % theme.series.length];
  }
  if (Array.isArray(value)) {
    return typeof value[0] === "object" ? value.map((v) => coloured(v, theme)) : value;
  }
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, coloured(v, theme)]));
  }
  return value;
}

function dressed(figure, theme) {
  const { data, layout } = coloured(figure, theme);
  layout.autosize = true;
  layout.font = { family: theme.font, size: 13, color: theme.text };
  layout.hoverlabel = {
    ...layout.hoverlabel, bgcolor: theme.paper, bordercolor: theme.line, font: { size: 12, color: theme.text },
  };
  layout.modebar = { bgcolor: "rgba(0,0,0,0)", color: theme.muted, activecolor: theme.text };
  return { data, layout };
}

// Bounds grow at once but shrink only when twice too wide, so that nothing jumps each second.
// Where the viewer has zoomed, his bounds stay: Plotly alone would drop them with ours moving.
function calm(layout, plot) {
  const memory = plot.calm;
  if (memory.revision !== layout.uirevision) {
    Object.assign(memory, { revision: layout.uirevision, ranges: {}, zoomed: {} });
  }
  for (const [name, axis] of Object.entries(layout)) {
    if (!/^[xy]axis/.test(name)) continue;
    const now = plot.layout?.[name]?.range;
    if (memory.zoomed[name] && now) {
      axis.range = [...now];
    } else if (typeof axis.range?.[0] === "number") {
      const [low, high] = axis.range;
      const before = memory.ranges[name] ?? axis.range;
      const both = [Math.min(low, before[0]), Math.max(high, before[1])];
      if (both[1] - both[0] <= 2 * (high - low)) axis.range = both;
      memory.ranges[name] = [...axis.range];
    }
  }
}

function noteZoom(plot, change) {
  for (const key of Object.keys(change)) {
    const axis = /^([xy]axis\d*)\.range/.exec(key);
    if (axis) plot.calm.zoomed[axis[1]] = true;
  }
}

function showAll(P, plot) {
  plot.calm = {};
  draw(P, plot);
}

// A click picks the scan of the point below the pointer, unless it was the first of two.
const NEAR_PX = 14;
const DOUBLE_CLICK_MS = 300;

function pick(plot, { points, event }) {
  const box = plot.getBoundingClientRect();
  const away = ({ x, y, xaxis, yaxis }) => Math.hypot(
    event.clientX - box.left - xaxis._offset - xaxis.d2p(x),
    event.clientY - box.top - yaxis._offset - yaxis.d2p(y),
  );
  const near = points.filter((p) => p.customdata != null && away(p) <= NEAR_PX);
  const [nearest] = near.sort((a, b) => away(a) - away(b));
  clearTimeout(plot.picking);
  if (nearest) plot.picking = setTimeout(() => plot.tell("picked", nearest.customdata), DOUBLE_CLICK_MS);
}

function entitle(plot) {
  const line = plot.previousElementSibling;
  line.textContent = line.title = plot.message.title ?? "";
}

function draw(P, plot) {
  const { data, layout } = dressed(JSON.parse(plot.figureText), screenTheme(plot));
  calm(layout, plot);
  P.react(plot, data, layout, configuration(P));
  entitle(plot);
}

function letters(text) {
  return {
    width: 24, height: 24, name: text,
    svg: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><text x="12" y="16.5" ` +
      `text-anchor="middle" font-family="sans-serif" font-weight="700" font-size="11" fill="#8A94A0">${text}</text></svg>`,
  };
}

async function save(P, plot, format) {
  const { data, layout } = dressed(JSON.parse(plot.figureText), { ...PAPER, font: "Arial, Helvetica, sans-serif" });
  layout.paper_bgcolor = layout.plot_bgcolor = PAPER.paper;
  for (const name of Object.keys(layout)) {
    const now = /^[xy]axis/.test(name) && plot.layout[name]?.range;
    if (now) layout[name].range = [...now];
  }
  const size = { width: plot.clientWidth, height: plot.clientHeight };
  const url = await P.toImage({ data, layout }, { format, ...size, scale: format === "png" ? 4 : 1 });
  const link = document.createElement("a");
  link.href = url;
  link.download = `${plot.dataset.name}.${format}`;
  link.click();
}

function configuration(P) {
  const button = (format) => ({
    name: `save-${format}`, title: `Save as ${format.toUpperCase()}, on white`,
    icon: letters(format.toUpperCase()), click: (plot) => save(P, plot, format),
  });
  const all = { name: "show-all", title: "Show everything (double click)", icon: P.Icons.home, click: (plot) => showAll(P, plot) };
  return {
    responsive: true, displaylogo: false, doubleClick: false,
    // Named one by one: the default set would offer to send the chart to a server elsewhere.
    modeBarButtons: [["zoom2d", "pan2d", all], [button("svg"), button("png")]],
  };
}

function describe(plot, said) {
  plot.setAttribute("role", "img");
  plot.setAttribute("aria-label", said);
}

function show(plot, message) {
  plot.message = message;
  const theme = screenTheme(plot);
  const figureText = JSON.stringify(message.figure);
  const key = figureText + theme.text + theme.paper;
  if (plot.drawnKey === key) { entitle(plot); return; }
  plot.drawnKey = key;
  plot.figureText = figureText;
  plot.dataset.name = message.name;
  plot.style.height = `${message.height}px`;
  describe(plot, message.alt);
  plotly(message.library).then((P) => {
    if (plot.drawnKey !== key) return;
    const first = !plot.calm;
    plot.calm ??= {};
    draw(P, plot);
    if (first) {
      plot.on("plotly_relayout", (change) => noteZoom(plot, change));
      plot.on("plotly_doubleclick", () => { clearTimeout(plot.picking); showAll(P, plot); });
      plot.on("plotly_click", (click) => pick(plot, click));
    }
    plot.dataset.drawn = String(Number(plot.dataset.drawn ?? 0) + 1);
  }, (error) => {
    plot.drawnKey = undefined;
    plot.textContent = error.message;
  });
}

export default function ({ data, parentElement, setTriggerValue }) {
  const plot = parentElement.querySelector(".sacmes-plot");
  plot.tell = setTriggerValue;
  const text = new TextDecoder().decode(data);
  const given = JSON.parse(text);
  if (given.fed) fed(plot, given.fed, (news) => show(plot, { ...plot.message, ...news }));
  // Drawn again without news of its own, as for another theme, it shows what the feed brought.
  const again = plot.given === text;
  plot.given = text;
  show(plot, again ? plot.message : given);
}
