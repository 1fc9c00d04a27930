// The live page: one WebSocket brings state, events, health and pictures; nothing is kept but the last minutes.
import { Alarm } from "./alarm.js";
import { alarms, condition } from "./condition.js";
import { RANK, SIGNS, follow, line } from "./events.js";
import { showHealth } from "./health.js";
import { drawOverlay } from "./overlay.js";
import { showAim, showReadings } from "./readings.js";
import { drawTimeline } from "./timeline.js";
import { seconds, urgency, why, word, write } from "./words.js";

const $ = (id) => document.getElementById(id);
const EVENTS_SHOWN = 40, SILENT_MS = 6000;
const VIEWS = { live: null, drives: () => import("./drives.js"), settings: () => import("./settings.js") };

const seen = { state: null, health: null, hello: null, samples: [], spans: new Map(), skew: 0, connected: false, silent: false, refused: "", outdated: false };
const alarm = new Alarm($("wake"), $("wake-title"), $("awake"));
const tally = { heard: 0, missed: 0, due: {} };
let socket = null, overlay = null, hidden = false, aiming = false, wait = 500, heardAt = 0, view = "live";

// --- the connection ---------------------------------------------------------------------------

function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(`${scheme}//${location.host}/live`);
  socket.binaryType = "blob";
  let opened = false;
  socket.onopen = () => { opened = true; wait = 500; look(); };
  socket.onmessage = ({ data }) => {
    heardAt = performance.now();
    seen.silent = false;
    if (typeof data === "string") heard(JSON.parse(data));
    else showPicture(data);
  };
  socket.onclose = () => {
    if (seen.connected) alarm.lost();
    seen.connected = seen.silent = false;
    render();
    keepUp();
    if (!opened) askWhy();
    setTimeout(connect, wait);
    wait = Math.min(wait * 2, 5000);
  };
}

// A browser does not tell why a WebSocket was refused; the node does.
async function askWhy() {
  const answer = await fetch("live").catch(() => null);
  if (answer?.status === 401) location.reload(); // to the door: there is a token now, or another one
  seen.refused = answer?.status === 503 ? await answer.text() : "";
  render();
}

function say(message) {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

// A tab in the background, another view, or a hidden picture costs the node nothing.
function look() { say({ look: !hidden && view === "live" && document.visibilityState === "visible" }); }

function heard(message) {
  ({ hello: greet, state: know, samples: remember, event: happen, health: measure, answer: answered, overlay: lay })[message.kind]?.(message);
}

function greet(hello) {
  seen.outdated ||= seen.hello !== null && seen.hello.version !== hello.version;
  // The node may have been started anew: of what it said before, nothing holds until it says so again.
  Object.assign(seen, { hello, samples: hello.samples, spans: new Map(), state: null, health: null, connected: true });
  for (const event of hello.events) follow(seen.spans, event);
  $("node").textContent = `node ${hello.node}`;
  document.title = `${hello.node}: fer-edge`;
  keepUp();
  count("samples", hello.first + hello.samples.length, 0);
  listEvents();
  render();
  drawTime();
}

// States and samples are numbered: a gap is what never came. "fer-edge benchmark --page" reads it.
function count(kind, first, many) {
  if (first > tally.due[kind]) tally.missed += first - tally.due[kind];
  tally.heard += many;
  tally.due[kind] = first + many;
  Object.assign($("connection").dataset, { heard: tally.heard, missed: tally.missed });
}

function know(state) {
  count("states", state.update, 1);
  seen.state = state;
  seen.skew = performance.now() / 1000 - state.at;
  // Without a published id an event is known by what it is: one of a kind is open at a time.
  alarm.follow(alarms(state).map((event) => ({ key: group(event.event_type), level: event.level, words: word(event.event_type) })));
  render();
}

// One closure rises through these names; a silence holds for all of it but the rise in level.
function group(type) { return ["microsleep", "sleep", "unresponsive"].includes(type) ? "closure" : type; }

function remember({ first, samples }) {
  count("samples", first, samples.length);
  seen.samples.push(...samples);
  const oldest = seen.samples[seen.samples.length - 1][0] - seen.hello.history_s;
  while (seen.samples[0][0] < oldest) seen.samples.shift();
}

function measure(health) {
  seen.health = health;
  render();
}

function happen(event) {
  follow(seen.spans, event);
  listEvents();
  render();
  drawTime();
  if (event.phase === "end" || event.category === "emotion") return;
  const urgent = RANK[event.level] >= RANK.warning;
  $(urgent ? "urgent" : "polite").textContent = [word(event.event_type), why(event.reason), urgency(event.level)].filter(Boolean).join(", ");
}

function listEvents() {
  const listed = [...seen.spans.values()].filter((span) => span.category !== "emotion").reverse().slice(0, EVENTS_SHOWN);
  $("no-events").hidden = listed.length > 0;
  $("events").replaceChildren(...listed.map((span) => line(span, (when) => when.toLocaleTimeString([], { hour12: false }))));
}

// --- what is shown ----------------------------------------------------------------------------

function render() {
  const now = condition(seen), { state, connected } = seen;
  $("driver").dataset.level = now.level;
  $("sign").textContent = SIGNS[now.level];
  $("level-word").textContent = now.words;
  $("headline").textContent = now.headline;
  $("detail").textContent = now.detail ?? "";
  cover(now);
  // What was heard last is old once the connection is gone: it is greyed, and nothing can be asked.
  document.body.classList.toggle("stale", !connected || seen.silent || !state);
  for (const id of ["pause", "recalibrate"]) $(id).disabled = !connected;
  if (state) {
    showReadings(state, seen.hello.perclos);
    showAim(connected && !seen.silent && state.frame && !state.paused ? state.aim : null, aiming);
    $("pause").textContent = state.paused ? "Resume" : "Pause";
    $("minutes").disabled = state.paused || !connected;
  }
  if (seen.health) showHealth($("health"), seen.health, state);
}

function cover(now) {
  const text = hidden ? "Picture hidden" : now.blank;
  $("cover").hidden = !text;
  if (text) $("cover").textContent = text;
}

// Once a second and at each event: it is the dearest thing the page draws, and moves by a pixel in that time.
function drawTime() {
  if (!seen.hello || view !== "live") return;
  const now = seen.connected && seen.state ? performance.now() / 1000 - seen.skew : seen.samples.at(-1)?.[0] ?? 0;
  const width = $("timeline").clientWidth;
  drawTimeline($("timeline"), {
    samples: seen.samples, spans: seen.spans.values(), now, word, length: seconds, perclos: seen.hello.perclos,
    seconds: width < 420 ? Math.min(120, seen.hello.history_s) : seen.hello.history_s,
  });
}

// What is drawn over a picture comes right before it.
function lay(message) { overlay = message; }

async function showPicture(blob) {
  const over = overlay;
  try {
    // None where the picture was damaged on its way from the camera, or the browser's graphics have just failed.
    const image = await createImageBitmap(blob).catch(() => null);
    if (!image) return;
    drawOverlay($("picture"), image, over);
    $("picture").dataset.shown = Number($("picture").dataset.shown ?? 0) + 1;
    image.close();
  } finally {
    say({ drawn: true });
  }
}

// --- views ------------------------------------------------------------------------------------

async function show() {
  const chosen = location.hash.slice(1) in VIEWS ? location.hash.slice(1) : "live";
  view = chosen;
  for (const name of Object.keys(VIEWS)) $(name).hidden = name !== chosen;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${chosen}`) link.ariaCurrent = "page";
    else link.removeAttribute("aria-current");
  }
  look();
  if (chosen === "live") { render(); drawTime(); }
  else await (await VIEWS[chosen]()).show($(chosen)); // another may be chosen while it loads
}

window.addEventListener("hashchange", show);

// --- controls ---------------------------------------------------------------------------------

$("pause").onclick = () => {
  if (seen.state?.paused) say({ ask: "resume" });
  else say({ ask: "pause", seconds: Number($("minutes").value) });
};
$("recalibrate").onclick = () => $("sure").showModal();
$("sure").onclose = () => { if ($("sure").returnValue === "yes") say({ ask: "recalibrate" }); $("sure").returnValue = ""; };
$("hide").onclick = () => {
  hidden = !hidden;
  $("hide").ariaPressed = String(hidden);
  look();
  render();
};
$("aim-show").onclick = () => {
  aiming = !aiming;
  $("aim-show").ariaPressed = String(aiming);
  render();
};
$("arm").onclick = async () => {
  if (alarm.armed) alarm.disarm();
  else await alarm.arm();
  $("arm").ariaPressed = String(alarm.armed);
  $("arm").textContent = alarm.armed ? "Alarm armed" : "Arm alarm";
  told(alarm.armed ? "This page sounds and vibrates on a warning or an alarm while it is open." : "This page is silent.");
};
$("test").onclick = () => alarm.test();
document.addEventListener("visibilitychange", () => { look(); if (document.visibilityState === "visible") alarm.again(); });
window.addEventListener("resize", drawTime);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawTime);

function answered({ verb, error }) {
  const done = { pause: "Paused.", resume: "Resumed.", recalibrate: "Recalibrating." };
  told(error ? `Not done: ${error}` : done[verb]);
}

function told(text) {
  $("answer").textContent = text;
  setTimeout(() => { if ($("answer").textContent === text) $("answer").textContent = ""; }, 6000);
}

// A node that hangs says nothing, nor does one out of reach, though the connection stands: what it said last is old.
let tickedAt = 0;
setInterval(() => {
  const now = performance.now(), slept = now - tickedAt > 3000; // a page that was asleep itself has yet to read what came
  tickedAt = now;
  if (seen.connected && !slept && now - heardAt > SILENT_MS) hearNothing();
  keepUp();
  if (seen.connected && !seen.silent) drawTime();
}, 1000);

function standing() {
  if (!seen.connected) return "connection lost, reconnecting …";
  if (seen.silent) return "node not responding";
  return `live, version ${seen.hello.version}${seen.outdated ? ", reload this page" : ""}`;
}

// After an upgrade of the node this page is the former version's. What a tap has set is not undone, only told.
function keepUp() {
  if (seen.outdated && seen.connected && !alarm.armed && !hidden) location.reload();
  write($("connection"), standing());
}

function hearNothing() {
  look(); // a connection that is dead is found out only by saying something
  if (seen.silent) return;
  seen.silent = true;
  alarm.lost();
  render();
}

connect();
show();
// Installed, the page opens without the node, too, and says that it is away. Only https and localhost may.
navigator.serviceWorker?.register("worker.js").catch(() => {});
