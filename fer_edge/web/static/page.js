// The live page: one WebSocket brings state, events, health and pictures; nothing is kept but the last minutes.
import { showHealth } from "./health.js";
import { drawTimeline } from "./timeline.js";
import { direction, make, percent, seconds, span, why, word } from "./words.js";

const $ = (id) => document.getElementById(id);
const SIGNS = { unknown: "○", fine: "●", info: "●", advisory: "◆", warning: "▲", critical: "■" };
const RANK = { info: 0, advisory: 1, warning: 2, critical: 3 };
const EVENTS_SHOWN = 40, SILENT_MS = 6000;
const SAID_BY_STATE = ["emotion", "present", "absent", "view_degraded"];

const seen = { state: null, health: null, hello: null, samples: [], spans: new Map(), skew: 0 };
let socket = null, hidden = false, wait = 500, heardAt = 0, connected = false;

// --- the connection ---------------------------------------------------------------------------

function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(`${scheme}//${location.host}/live`);
  socket.binaryType = "blob";
  socket.onopen = () => { wait = 500; look(); };
  socket.onmessage = ({ data }) => {
    heardAt = performance.now();
    if (typeof data === "string") heard(JSON.parse(data));
    else showPicture(data);
  };
  socket.onclose = () => {
    connected = false;
    render();
    setTimeout(connect, wait);
    wait = Math.min(wait * 2, 5000);
  };
}

function say(message) {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

// A tab in the background, or a hidden picture, costs the node nothing.
function look() { say({ look: !hidden && document.visibilityState === "visible" }); }

function heard(message) {
  ({ hello: greet, state: know, samples: remember, event: happen, health: measure, answer: answered })[message.kind]?.(message);
}

function greet(hello) {
  connected = true;
  Object.assign(seen, { hello, samples: hello.samples, spans: new Map() });
  hello.events.forEach(follow);
  $("node").textContent = `node ${hello.node}`;
  document.title = `${hello.node}: fer-edge`;
  $("connection").textContent = `live, version ${hello.version}`;
  listEvents();
  render();
}

function know(state) {
  seen.state = state;
  seen.skew = performance.now() / 1000 - state.at;
  render();
}

function remember({ samples }) {
  seen.samples.push(...samples);
  const oldest = seen.samples[seen.samples.length - 1][0] - seen.hello.history_s;
  while (seen.samples[0][0] < oldest) seen.samples.shift();
}

function measure(health) {
  seen.health = health;
  render();
}

// --- events -----------------------------------------------------------------------------------

function follow(event) {
  const known = seen.spans.get(event.key) ?? { key: event.key, from: event.began_at, time: event.time, level: event.level };
  Object.assign(known, {
    type: event.event_type, category: event.category, emotion: event.emotion ?? known.emotion, held: event.held_s,
    level: RANK[event.level] > RANK[known.level] ? event.level : known.level,
    to: event.phase === "end" ? event.at : null, person: event.person ?? known.person, reason: event.reason ?? null, perclos: event.perclos ?? known.perclos,
  });
  seen.spans.set(event.key, known);
  if (seen.spans.size > 300) seen.spans.delete(seen.spans.keys().next().value);
}

function happen(event) {
  follow(event);
  listEvents();
  render();
  if (event.phase === "end" || event.category === "emotion") return;
  const urgent = RANK[event.level] >= RANK.warning;
  $(urgent ? "urgent" : "polite").textContent = [word(event.event_type), why(event.reason), event.level].filter(Boolean).join(", ");
}

function listEvents() {
  const listed = [...seen.spans.values()].filter((span) => span.category !== "emotion").reverse().slice(0, EVENTS_SHOWN);
  $("no-events").hidden = listed.length > 0;
  $("events").replaceChildren(...listed.map((span) => {
    const item = document.createElement("li");
    item.dataset.level = span.level;
    const when = new Date(span.time * 1000);
    const time = make("time", when.toLocaleTimeString([], { hour12: false }));
    time.dateTime = when.toISOString();
    const what = make("span", "");
    const sign = make("span", SIGNS[span.level], "sign");
    sign.ariaHidden = "true";
    what.append(sign, ` ${word(span.type)}`);
    const held = make("span", span.to === null ? "now" : seconds(span.held), "held");
    const more = [span.level];
    if (span.person != null) more.push(`person ${span.person}`);
    if (span.perclos != null) more.push(`PERCLOS ${percent(span.perclos)}`);
    if (span.reason) more.push(why(span.reason));
    item.append(time, what, held, make("span", more.join(", "), "more"));
    return item;
  }));
}

// --- what is shown ----------------------------------------------------------------------------

function render() {
  const now = condition();
  $("driver").dataset.level = now.level;
  $("sign").textContent = SIGNS[now.level];
  $("level-word").textContent = now.words;
  $("headline").textContent = now.headline;
  $("detail").textContent = now.detail ?? "";
  cover(now);
  // What was heard last is old once the connection is gone: it is dimmed, and nothing can be asked.
  document.body.classList.toggle("stale", !connected);
  for (const id of ["pause", "recalibrate"]) $(id).disabled = !connected;
  if (seen.state) readings(seen.state);
  if (seen.health) showHealth($("health"), seen.health, seen.state);
  drawTime();
}

/** The one thing to know now: what is wrong first, then what is going on, then that all is well. */
function condition() {
  const state = seen.state;
  if (!connected) return { level: "unknown", words: "not connected", headline: "No connection", detail: "Trying again …", blank: "No connection to the node" };
  if (!state) return { level: "unknown", words: "unknown", headline: "Waiting for the camera", detail: seen.health?.camera_fault, blank: "No picture yet" };
  if (state.paused) return { level: "unknown", words: "not watching", headline: "Paused", detail: `goes on by itself in ${span(state.paused_s)}`, blank: "Paused: nothing is looked at" };
  const open = state.open_events.filter(({ event_type }) => !SAID_BY_STATE.includes(event_type)).sort((a, b) => RANK[b.level] - RANK[a.level]);
  const lost = state.frame ? null : seen.health?.camera_fault ?? "the camera gives no picture";
  if (open.length) {
    const others = open.slice(1).map((event) => `${word(event.event_type).toLowerCase()} for ${seconds(event.held_s)}`);
    return {
      level: open[0].level, words: open[0].level, headline: word(open[0].event_type),
      detail: [`for ${seconds(open[0].held_s)}`, ...others, ...(lost ? ["no picture"] : [])].join(", "), blank: lost && "No picture",
    };
  }
  if (lost) return { level: "unknown", words: "unknown", headline: "No picture", detail: lost, blank: "No picture" };
  if (state.lens !== "clear") return unseen(state, "view_degraded", state.lens === "dark" ? "Too dark" : "Lens covered", "nothing can be told of the driver");
  if (state.profile === "kiosk") return { level: "fine", words: "watching", headline: `${state.people.length} in view` };
  if (state.present === false) return unseen(state, "absent", "No driver");
  if (!state.present) return { level: "unknown", words: "unknown", headline: "Looking for a face" };
  if (state.eyes_closed === null) return unseen(state, "view_degraded", "Eyes not visible", "sleep cannot be told");
  if (state.eyes_closed && state.closure_s > 0.4) return { level: "fine", words: "no alarm", headline: "Eyes closed", detail: `for ${seconds(state.closure_s)}` };
  return { level: "fine", words: "no alarm", headline: "Awake", detail: state.emotion ?? "" };
}

/** What keeps the node from telling. Its event only adds since when: the state says what is so now, and when it is over. */
function unseen(state, type, headline, so) {
  const event = state.open_events.find(({ event_type }) => event_type === type);
  const level = event?.level ?? "unknown";
  const told = [so, event ? `for ${seconds(event.held_s)}` : ""];
  return { level, words: level, headline, detail: told.filter(Boolean).join(", ") };
}

function cover(now) {
  const text = hidden ? "Picture hidden" : now.blank;
  $("cover").hidden = !text;
  if (text) $("cover").textContent = text;
}

function readings(state) {
  const eyes = state.eyes_closed === null ? "cannot tell" : state.eyes_closed ? `closed ${seconds(state.closure_s ?? 0)}` : "open";
  $("eyes").textContent = state.eyes_closed === false && state.openness !== null ? `open, ${percent(Math.min(1, state.openness))}` : eyes;
  $("mouth").textContent = state.mouth === null ? "cannot tell" : state.mouth > 0.5 ? "wide open" : "closed";
  $("head").textContent = direction(state.yaw, state.pitch);
  $("perclos").textContent = state.perclos === null ? "not yet known" : `${percent(state.perclos, 1)} (judged ${percent(state.coverage)})`;
  $("blinks").textContent = state.blinks_per_min === null ? "not yet known" : `${state.blinks_per_min.toFixed(0)} a minute`;
  $("yawns").textContent = `${state.yawns} lately`;
  const { calibration } = state;
  $("calibration").textContent = calibration.state === "calibrated" ? "this driver" : `${percent(calibration.progress)} of this driver`;
  const paused = state.paused;
  $("pause").textContent = paused ? "Resume" : "Pause";
  $("minutes").disabled = paused || !connected;
  expressions(state);
}

function expressions(state) {
  const kiosk = state.profile === "kiosk";
  $("readings").hidden = kiosk;
  // The last expression of somebody who is no longer in view says nothing about now.
  const people = kiosk ? state.people : state.faces ? [state] : [];
  const rows = people.length > 1 ? people.map(leading) : people.flatMap(({ emotions }) => {
    const shares = Object.entries(emotions ?? {}), most = Math.max(...shares.map(([, share]) => share));
    return shares.map(([name, share]) => bar(name, share, share === most));
  });
  $("expression-title").hidden = rows.length === 0;
  $("expressions").replaceChildren(...rows);
}

// With several people a row each: who, and what leads.
function leading({ person, emotion, emotions }) {
  const item = bar(`${person} ${emotion ?? ""}`, emotions?.[emotion] ?? 0, true);
  item.title = `Person ${person}`;
  return item;
}

function bar(name, share, leading) {
  const item = make("li", "", leading ? "leading" : "");
  const outer = make("span", "", "bar"), inner = make("i", "");
  inner.style.width = `${100 * share}%`;
  outer.append(inner);
  item.append(make("span", name), outer, make("span", percent(share), "share"));
  return item;
}

function drawTime() {
  if (!seen.hello) return;
  const now = connected && seen.state ? performance.now() / 1000 - seen.skew : seen.samples.at(-1)?.[0] ?? 0;
  const width = $("timeline").clientWidth;
  drawTimeline($("timeline"), {
    samples: seen.samples, spans: seen.spans.values(), now, word, perclos: seen.hello.perclos,
    seconds: width < 420 ? Math.min(120, seen.hello.history_s) : seen.hello.history_s,
  });
}

async function showPicture(blob) {
  try {
    const image = await createImageBitmap(blob);
    const canvas = $("picture");
    if (canvas.width !== image.width || canvas.height !== image.height) Object.assign(canvas, { width: image.width, height: image.height });
    canvas.getContext("2d").drawImage(image, 0, 0);
    canvas.dataset.shown = Number(canvas.dataset.shown ?? 0) + 1;
    image.close();
  } finally {
    say({ drawn: true });
  }
}

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
document.addEventListener("visibilitychange", look);
window.addEventListener("resize", drawTime);

function answered({ verb, error }) {
  const done = { pause: "Paused.", resume: "Going on.", recalibrate: "Learning the driver anew." };
  $("answer").textContent = error ? `Not done: ${error}` : done[verb];
  setTimeout(() => { $("answer").textContent = ""; }, 6000);
}

// A node that hangs says nothing, though the connection stands.
setInterval(() => {
  if (!connected) $("connection").textContent = "connection lost, trying again …";
  else $("connection").textContent = performance.now() - heardAt > SILENT_MS ? "the node is silent" : `live, version ${seen.hello.version}`;
  if (connected) drawTime();
}, 1000);

connect();
