// The timeline: the last minutes as rows of events, eyes, mouth, head and PERCLOS.
import { laneOf, level, line, pen, worstLast } from "./chart.js";

const LABELS_PX = 76, LANE_PX = 17, LANES = 4, HEAD_DEG = 60, RIGHT_PX = 8, AXIS_PX = 18, MOST_OPEN = 1.3, TOLD_CLOSURE_S = 0.8;
const GAP_S = 1.5, COARSE_S = 0.6, CLOSURES = ["microsleep", "sleep", "unresponsive"];

/** Draw it. `data` has samples [at, closed, mouth, yaw, perclos, openness], spans, now (s), seconds, perclos limits, word(type), length(s). */
export function drawTimeline(canvas, data) {
  const sheet = pen(canvas), { context, width, height, colour } = sheet;
  const x = (at) => LABELS_PX + (width - LABELS_PX - RIGHT_PX) * (1 - (data.now - at) / data.seconds);
  const lanes = LANES * LANE_PX, rest = height - AXIS_PX - lanes - 4, top = lanes + 4;
  const rows = {
    events: [0, lanes - 3], eyes: [top, rest * 0.3], mouth: [top + rest * 0.34, rest * 0.1],
    head: [top + rest * 0.48, rest * 0.2], PERCLOS: [top + rest * 0.72, rest * 0.26],
  };
  const events = [...data.spans];
  frame(sheet, rows, data, x);
  context.save();
  context.beginPath();
  context.rect(LABELS_PX, 0, width - LABELS_PX - RIGHT_PX, height);
  context.clip();
  const shown = data.samples.filter((sample) => sample[0] > data.now - data.seconds - 1);
  const leap = x(GAP_S) - x(0);
  const curve = ([from, tall], value, name) => line(context, shown.map((sample) => {
    const share = value(sample);
    return [x(sample[0]), share === null ? null : from + tall * Math.min(1, Math.max(0, share))];
  }), colour(name), leap);
  const lengths = eyes(sheet, rows.eyes, shown, x, data, events);
  curve(rows.eyes, (sample) => (sample[5] == null ? null : 1 - sample[5] / MOST_OPEN), "fine");
  label(sheet, rows.eyes, lengths);
  blocks(sheet, rows.mouth, shown, x);
  curve(rows.head, (sample) => (sample[3] === null ? null : 0.5 - sample[3] / (2 * HEAD_DEG)), "info");
  const most = Math.max(1.6 * data.perclos.warning, 1.1 * Math.max(0, ...shown.map((sample) => sample[4] ?? 0)));
  curve(rows.PERCLOS, (sample) => (sample[4] === null ? null : 1 - sample[4] / most), "fine");
  for (const name of ["advisory", "warning"]) {
    const y = rows.PERCLOS[0] + rows.PERCLOS[1] * (1 - data.perclos[name] / most);
    level(context, y, LABELS_PX, width, colour(name));
    context.fillStyle = colour("muted");
    context.textAlign = "left";
    context.fillText(`${Math.round(100 * data.perclos[name])} %`, LABELS_PX + 3, name === "warning" ? y - 7 : y + 8);
  }
  spans(sheet, data, events, x);
  context.restore();
}

function frame({ context, width, height, colour }, rows, data, x) {
  context.textBaseline = "middle";
  for (const [name, [top, tall]] of Object.entries(rows)) {
    context.fillStyle = colour("muted");
    context.textAlign = "left";
    context.fillText(name, 2, name === "events" ? top + LANE_PX / 2 : top + tall / 2);
    context.fillStyle = name === "events" ? "transparent" : colour("strip");
    context.fillRect(LABELS_PX, top, width - LABELS_PX - RIGHT_PX, tall);
  }
  const step = [30, 60, 120, 300, 600, 1200].find((each) => (each / data.seconds) * (width - LABELS_PX) > 100) ?? 3600;
  for (let ago = 0; ago <= data.seconds; ago += step) {
    const at = x(data.now - ago);
    context.fillStyle = colour("edge");
    context.fillRect(at, 0, 1, height - AXIS_PX);
    context.fillStyle = colour("muted");
    context.textAlign = ago === 0 ? "right" : ago === data.seconds ? "left" : "center";
    context.fillText(ago === 0 ? "now" : ago < 60 ? `−${ago} s` : `−${ago / 60} min`, at, height - 7);
  }
}

// The own open eyes as a line at 1; closures shaded over the whole row. Returns [x, length] of the longer ones.
function eyes({ context, width, colour }, [top, tall], samples, x, data, events) {
  level(context, top + tall * (1 - 1 / MOST_OPEN), LABELS_PX, width, colour("line"));
  let began = null;
  const lengths = [];
  samples.forEach((sample, n) => {
    const from = x(sample[0]), until = n + 1 < samples.length ? Math.min(samples[n + 1][0], sample[0] + 1) : sample[0] + 0.25;
    if (sample[1] === null) {
      context.fillStyle = colour("unknown");
      context.fillRect(from, top + tall / 2 - 0.5, x(until) - from + 0.5, 1);
    }
    if (sample[1]) {
      began ??= sample[0];
      context.fillStyle = colour("fill-critical");
      context.fillRect(from, top, Math.max(1, x(until) - from + 0.5), tall);
    }
    const over = sample[1] && !(samples[n + 1]?.[1] && samples[n + 1][0] - sample[0] < GAP_S);
    if (!over) return;
    if (until - began >= TOLD_CLOSURE_S) lengths.push([x(began), data.length(lasted(began, until, events))]);
    began = null;
  });
  return lengths;
}

// Samples are a quarter of a second: where an event tells the length of this closure, it is that.
function lasted(began, until, events) {
  const same = events.find(({ type, from, to, held }) => to !== null && CLOSURES.includes(type)
    && Math.abs(from - began) < COARSE_S && Math.abs(from + held - until) < COARSE_S);
  return same ? same.held : until - began;
}

// Lengths of closures, over the curve that would strike them out; where two have no room the later one is told.
function label({ context, colour }, [top, tall], lengths) {
  context.textAlign = "right";
  let room = Infinity;
  for (const [at, text] of lengths.reverse()) {
    const wide = context.measureText(text).width + 6;
    if (at > room) continue;
    room = at - wide;
    context.fillStyle = colour("panel");
    context.fillRect(at - wide, top + tall - 16, wide, 15);
    context.fillStyle = colour("text");
    context.fillText(text, at - 3, top + tall - 8);
  }
}

// What could not be judged is a thin line: neither open nor closed.
function blocks({ context, colour }, [top, tall], samples, x) {
  samples.forEach((sample, n) => {
    const from = x(sample[0]), to = x(n + 1 < samples.length ? Math.min(samples[n + 1][0], sample[0] + 1) : sample[0] + 0.25);
    if (sample[2] === null) {
      context.fillStyle = colour("unknown");
      context.fillRect(from, top + tall / 2 - 0.5, to - from + 0.5, 1);
    } else if (sample[2] > 0.5) {
      context.fillStyle = colour("mouth");
      context.fillRect(from, top + tall * (1 - sample[2]), Math.max(1, to - from + 0.5), tall * sample[2]);
    }
  });
}

function spans({ context, width, colour }, data, events, x) {
  for (const span of worstLast(events)) {
    const lane = laneOf(span), quiet = lane === 3;
    const from = Math.max(x(span.from), LABELS_PX), to = Math.min(x(span.to ?? data.now), width - RIGHT_PX), top = lane * LANE_PX;
    if (to < LABELS_PX) continue;
    context.fillStyle = colour(quiet ? "quiet" : `fill-${span.level}`);
    context.fillRect(from, top, Math.max(3, to - from - (quiet ? 1 : 0)), LANE_PX - 3);
    const text = quiet ? span.emotion ?? "" : data.word(span.type);
    context.textAlign = "left";
    context.fillStyle = colour(quiet ? "text" : "on-fill");
    if (context.measureText(text).width < to - from - 8) context.fillText(text, from + 4, top + (LANE_PX - 3) / 2 + 0.5);
  }
}
