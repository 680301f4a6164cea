// Takes what is new from the server and hands each part to who shows it; see fed.js.

const AGAIN_MS = 1000;
const SILENT_MS = 15_000;

// One part a frame, in the order in which they come: a chart that takes long to draw holds up no
// other, and a page that nobody sees draws only the newest once somebody does.
function deliver(pending) {
  const [name, detail] = pending.entries().next().value;
  document.dispatchEvent(new CustomEvent(`sacmes:${name}`, { detail }));
  if (pending.get(name) === detail) pending.delete(name);
  if (pending.size) requestAnimationFrame(() => setTimeout(() => deliver(pending)));
}

function listen(root, { address, over }) {
  const url = new URL(address, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  const wanted = () => root.isConnected && root.address === address;
  const pending = new Map();
  let watching;
  const watch = () => {
    clearTimeout(watching);
    watching = setTimeout(() => socket.close(), SILENT_MS);
  };
  watch();
  socket.onmessage = (message) => {
    if (!wanted()) { socket.close(); return; }
    watch();
    const news = JSON.parse(new TextDecoder().decode(message.data));
    const resting = pending.size === 0;
    for (const [name, detail] of Object.entries(news)) pending.set(name, detail);
    if (resting && pending.size) deliver(pending);
  };
  socket.onclose = ({ code }) => {
    clearTimeout(watching);
    if (!wanted()) return;
    if (code === over) root.tell("over", address);
    else setTimeout(() => { if (wanted()) listen(root, { address, over }); }, AGAIN_MS);
  };
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".feed");
  root.tell = setTriggerValue;
  if (root.address === data.address) return;
  root.address = data.address;
  listen(root, data);
}
