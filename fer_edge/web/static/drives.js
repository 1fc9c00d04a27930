// The last week: a timeline to zoom, the drives, the events with filters, exports and reports.
import { laneOf, level, line, pen, worstLast } from "./chart.js";
import { RANK, SIGNS, more } from "./events.js";
import { make, percent, seconds, span, urgency, word, write } from "./words.js";

const MINUTE = 60, HOUR = 3600, DAY = 86400, WEEK = 7 * DAY;
const ZOOMS = [[5 * MINUTE, "5 min"], [30 * MINUTE, "30 min"], [HOUR, "1 h"], [6 * HOUR, "6 h"], [DAY, "1 day"], [WEEK, "1 week"]];
const STEPS = [MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY];
const LANE_PX = 17, AXIS_PX = 20, RENEW_MS = 10000, SKEW_S = 5, DRIVES_SHOWN = 8;

const shown = { length: DAY, until: null, data: null, type: "", level: "info", failed: "", all: false };
let left = 76; // room for the names of the rows, in the font of the screen
let root = null, timer = 0, soon = 0, asked = 0;
let ahead = 0; // the node's clock against the browser's, seconds: times are the node's

/** Show it in ``place``; renews itself while it is seen. */
export async function show(place) {
  if (!root) {
    root = place;
    build();
  }
  clearInterval(timer);
  timer = setInterval(() => (root.hidden ? clearInterval(timer) : renew()), RENEW_MS);
  await load();
}

// A tab in the background asks for nothing.
function renew() { if (!root.hidden && !document.hidden && shown.until === null) load(); }

function now() { return Date.now() / 1000 + ahead; }

function range() {
  const until = shown.until ?? now();
  return [until - shown.length, until];
}

async function load(again = false) {
  const [from, to] = range(), mine = ++asked;
  try {
    const answer = await fetch(`history.json?from=${from.toFixed(0)}&to=${Math.ceil(to)}`);
    if (!answer.ok) throw new Error(answer.status === 401 ? "the token is needed again; reload the page" : (await answer.text()).trim());
    const data = await answer.json();
    if (mine === asked) Object.assign(shown, { data, failed: "" });
    const off = data.now - now();
    if (Math.abs(off) > SKEW_S && !again) {
      ahead += off;
      await load(true);
    }
  } catch (fault) {
    shown.failed = fault instanceof TypeError ? "the node cannot be reached" : fault.message;
  }
  draw();
}

function $(name) { return root.querySelector(`[data-is=${name}]`); }

function build() {
  root.innerHTML = `
    <section aria-label="Timeline of drives"><div class="bar-row" data-is="zooms" role="group" aria-label="Length shown"></div></section>
    <section id="long"><canvas data-is="long" tabindex="0" role="img" aria-label="Timeline: events, eyes closed and PERCLOS. Arrow keys move it, plus and minus zoom. The table below says the same in words."></canvas></section>
    <p data-is="said" role="status" class="muted"></p>
    <div class="columns">
      <section aria-label="Drives"><h2>Drives of the last week</h2><ol id="drive-list" data-is="drives"></ol><button data-is="all" type="button">Show all</button></section>
      <section aria-label="Events"><div class="bar-row">
        <label>Event <select data-is="type"><option value="">all</option></select></label>
        <label>Level, at least <select data-is="level"></select></label>
        <span class="bar-row push"><a class="button" data-is="csv">CSV</a><a class="button" data-is="json">JSON</a><a class="button" data-is="report" target="_blank">Report</a></span>
      </div><div class="scroll" tabindex="0" role="region" aria-label="Table of events"><table><thead><tr><th>Began</th><th>Event</th><th>Lasted</th><th>Details</th></tr></thead><tbody data-is="rows"></tbody></table></div></section>
    </div>`;
  for (const [length, name] of ZOOMS) {
    const button = make("button", name);
    button.type = "button";
    button.dataset.length = length;
    button.onclick = () => go(length, shown.until);
    $("zooms").append(button);
  }
  for (const [name, words, by] of [["←", "Earlier", -0.5], ["→", "Later", 0.5], ["Now", "Now", 0]]) {
    const button = make("button", name);
    button.type = "button";
    button.ariaLabel = words;
    button.onclick = () => (by ? move(by * shown.length) : go(shown.length, null));
    $("zooms").append(button);
  }
  for (const each of Object.keys(RANK)) $("level").append(new Option(urgency(each), each));
  $("all").onclick = () => { shown.all = true; listDrives(); };
  $("type").onchange = () => { shown.type = $("type").value; draw(); };
  $("level").onchange = () => { shown.level = $("level").value; draw(); };
  handle($("long"));
  document.addEventListener("visibilitychange", renew);
  window.addEventListener("resize", () => root.hidden || draw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

function go(length, until) {
  shown.length = Math.min(WEEK, Math.max(5 * MINUTE, length));
  shown.until = until === null || until >= now() ? null : Math.max(until, now() - WEEK + shown.length);
  draw();
  clearTimeout(soon);
  soon = setTimeout(load, 150);
}

function move(by) { go(shown.length, range()[1] + by); }

// The point under the finger stays where it is.
function zoom(factor, share) {
  const [from] = range(), length = Math.min(WEEK, Math.max(5 * MINUTE, shown.length * factor));
  go(length, from + share * shown.length + (1 - share) * length);
}

function handle(canvas) {
  const keys = { ArrowLeft: () => move(-shown.length / 4), ArrowRight: () => move(shown.length / 4), "+": () => zoom(0.5, 0.5), "-": () => zoom(2, 0.5) };
  canvas.onkeydown = (event) => { if (keys[event.key]) { event.preventDefault(); keys[event.key](); } };
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8, Math.max(0, (event.offsetX - left) / (canvas.clientWidth - left)));
  }, { passive: false });
  let held = null;
  canvas.onpointerdown = (event) => { held = { x: event.clientX, until: range()[1] }; canvas.setPointerCapture(event.pointerId); };
  canvas.onpointermove = (event) => {
    if (!held || Math.abs(event.clientX - held.x) < 3) return;
    shown.until = Math.min(now(), held.until - ((event.clientX - held.x) * shown.length) / (canvas.clientWidth - left));
    drawLong();
  };
  canvas.onpointerup = (event) => { if (held && Math.abs(event.clientX - held.x) >= 3) go(shown.length, shown.until); held = null; };
}

function filtered() {
  return shown.data.events.filter(({ type, level: each }) => (!shown.type || type === shown.type) && RANK[each] >= RANK[shown.level]);
}

function draw() {
  for (const button of root.querySelectorAll("[data-length]")) button.ariaPressed = String(Math.abs(button.dataset.length - shown.length) < 1);
  const [from, to] = range(), stamp = (at) => new Date(at * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
  const kept = shown.data && !shown.data.stored ? " The disk cannot be written: a restart loses this." : "";
  const less = shown.data?.left_off ? ` ${shown.data.left_off} older events are not shown; zoom in or export.` : "";
  write($("said"), shown.failed ? `Not updated: ${shown.failed}` : `${stamp(from)} to ${stamp(to)}.${kept}${less}`);
  if (!shown.data) return;
  for (const type of new Set(shown.data.events.map((event) => event.type))) {
    if (![...$("type").options].some((option) => option.value === type)) $("type").append(new Option(word(type), type));
  }
  const chosen = `from=${from.toFixed(0)}&to=${Math.ceil(to)}&type=${shown.type}&level=${shown.level}`;
  for (const name of ["csv", "json"]) $(name).href = `events.${name}?${chosen}`;
  $("report").href = `report?${chosen}`;
  drawLong();
  listEvents();
  listDrives();
}

function listEvents() {
  const rows = filtered().reverse().map((event) => {
    const row = document.createElement("tr");
    row.dataset.level = event.level;
    const what = make("td", ""), sign = make("span", SIGNS[event.level], "sign");
    sign.ariaHidden = "true";
    what.append(sign, ` ${word(event.type)}`);
    const when = new Date(event.began * 1000).toLocaleString([], { weekday: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
    row.append(make("td", when + (event.time_ok ? "" : " (clock not set)")), what, make("td", event.ended === null ? "now" : seconds(event.held_s)), make("td", more(event)));
    return row;
  });
  if (!rows.length) {
    const none = document.createElement("tr"), cell = make("td", "No events in this range.", "muted");
    cell.colSpan = 4;
    none.append(cell);
    rows.push(none);
  }
  $("rows").replaceChildren(...rows);
}

function listDrives() {
  const { drives } = shown.data, items = (shown.all ? drives : drives.slice(0, DRIVES_SHOWN)).map((drive) => {
    const item = document.createElement("li"), text = make("div", ""), link = make("a", "Report", "button");
    const day = new Date(drive.from * 1000).toLocaleString([], { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    const told = Object.entries(drive.events).map(([type, count]) => `${count} × ${word(type).toLowerCase()}`).join(", ") || "no events";
    const button = make("button", `${day}, ${span(60 * Math.round(drive.driver_s / 60))}`, "plain");
    button.type = "button";
    button.title = "Show this drive";
    button.onclick = () => go((drive.to - drive.from) * 1.05, drive.to + (drive.to - drive.from) * 0.02);
    text.append(button, make("p", `${told}${drive.perclos === null ? "" : `; highest PERCLOS ${percent(drive.perclos)}`}`, "muted"));
    Object.assign(link, { href: `report?from=${drive.from}&to=${drive.to}`, target: "_blank", ariaLabel: `Report of the drive of ${day}` });
    item.append(text, link);
    return item;
  });
  $("all").hidden = shown.all || drives.length <= DRIVES_SHOWN;
  $("all").textContent = `Show all ${drives.length}`;
  $("drives").replaceChildren(...(items.length ? items : [make("li", "None yet. A drive is recorded after a minute with a driver in view.", "muted")]));
}

function drawLong() {
  const { context, width, height, colour } = pen($("long")), [from, to] = range(), { data } = shown;
  if (!data) return;
  left = Math.ceil(context.measureText("eyes closed").width) + 12;
  const x = (at) => left + ((at - from) / (to - from)) * (width - left);
  const lanes = 3 * LANE_PX, bottom = height - AXIS_PX, rest = bottom - lanes - 10;
  const eyes = [lanes + 4, rest * 0.4], perclos = [lanes + 10 + rest * 0.4, rest * 0.6];
  context.textBaseline = "middle";
  context.textAlign = "left";
  for (const [name, top, tall] of [["events", 0, lanes - 3], ["eyes closed", ...eyes], ["PERCLOS", ...perclos]]) {
    context.fillStyle = colour("muted");
    context.fillText(name, 0, top + tall / 2);
    if (name === "events") continue;
    context.fillStyle = colour("strip");
    context.fillRect(left, top, width - left, tall);
  }
  axis(context, x, from, to, bottom, colour, width);
  context.save();
  context.beginPath();
  context.rect(left, 0, width - left, height);
  context.clip();
  const most = Math.max(1.6 * data.perclos.warning, ...data.curve.map((point) => point[5] ?? 0));
  for (const [at, watched, , judged, closed] of data.curve) {
    context.fillStyle = colour("quiet");
    if (watched) context.fillRect(x(at), eyes[0], x(at + data.step) - x(at) + 0.5, eyes[1]);
    context.fillStyle = colour("fill-critical");
    const share = judged ? Math.min(1, closed / judged) : 0;
    context.fillRect(x(at), eyes[0] + eyes[1] * (1 - share), Math.max(1, x(at + data.step) - x(at)), eyes[1] * share);
  }
  line(context, data.curve.map((point) => [x(point[0] + data.step / 2), point[5] === null ? null : perclos[0] + perclos[1] * (1 - point[5] / most)]), colour("fine"), x(3 * data.step) - x(0));
  for (const name of ["advisory", "warning"]) level(context, perclos[0] + perclos[1] * (1 - data.perclos[name] / most), left, width, colour(name));
  for (const event of worstLast(filtered())) {
    const lane = laneOf(event), start = x(event.began), wide = Math.max(3, x(event.ended ?? data.now) - start);
    context.fillStyle = colour(`fill-${event.level}`);
    context.fillRect(start, lane * LANE_PX, wide, LANE_PX - 3);
    context.fillStyle = colour("on-fill");
    if (context.measureText(word(event.type)).width < wide - 8) context.fillText(word(event.type), start + 4, lane * LANE_PX + (LANE_PX - 3) / 2);
  }
  context.restore();
}

function axis(context, x, from, to, bottom, colour, width) {
  const room = (to - from) / Math.max(2, (width - left) / 90), step = STEPS.find((each) => each >= room) ?? STEPS.at(-1);
  const zone = new Date(from * 1000).getTimezoneOffset() * 60;
  context.textAlign = "center";
  for (let at = Math.ceil((from - zone) / step) * step + zone; at <= to; at += step) {
    const date = new Date(at * 1000), text = step >= DAY ? date.toLocaleDateString([], { weekday: "short", day: "numeric" }) : date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    context.fillStyle = colour("edge");
    context.fillRect(x(at), 0, 1, bottom);
    context.fillStyle = colour("muted");
    context.fillText(text, Math.min(Math.max(x(at), left + 20), width - 22), bottom + AXIS_PX / 2);
  }
}
