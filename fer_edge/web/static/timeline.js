// The timeline: the last minutes as rows of events, eyes, mouth, head and PERCLOS.

const LEVELS = { info: "#74b9ff", advisory: "#ffd166", warning: "#ff9f45", critical: "#ff6b6b" };
const TEXT = "#a3b3bd", GRID = "#26323a", SHUT = "#e9eff2", OPEN_MOUTH = "#b79bff", HEAD = "#74b9ff", PERCLOS = "#5ad18a";
const LABELS_PX = 66, LANE_PX = 16, LANES = 4, HEAD_DEG = 60;

/** Draw it. `data` has samples [at, closed, mouth, yaw, perclos], spans, now (s), seconds, perclos limits, word(type). */
export function drawTimeline(canvas, data) {
  const pixel = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * pixel) || canvas.height !== Math.round(height * pixel)) {
    canvas.width = Math.round(width * pixel);
    canvas.height = Math.round(height * pixel);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(pixel, 0, 0, pixel, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = "12px system-ui, sans-serif";
  const x = (at) => LABELS_PX + (width - LABELS_PX - 8) * (1 - (data.now - at) / data.seconds);
  const axis = 16, lanes = LANES * LANE_PX, rest = height - axis - lanes;
  const rows = {
    events: [0, lanes - 3], eyes: [lanes + 4, rest * 0.15], mouth: [lanes + 4 + rest * 0.2, rest * 0.15],
    head: [lanes + 4 + rest * 0.4, rest * 0.22], PERCLOS: [lanes + 4 + rest * 0.67, rest * 0.3],
  };
  frame(pen, rows, data, x, width, height);
  pen.save();
  pen.beginPath();
  pen.rect(LABELS_PX, 0, width - LABELS_PX - 8, height);
  pen.clip();
  const shown = data.samples.filter((sample) => sample[0] > data.now - data.seconds - 1);
  blocks(pen, rows.eyes, shown, x, (sample) => (sample[1] === null ? null : Number(sample[1])), SHUT);
  blocks(pen, rows.mouth, shown, x, (sample) => (sample[2] === null ? null : sample[2] > 0.5 ? sample[2] : 0), OPEN_MOUTH);
  line(pen, rows.head, shown, x, (sample) => sample[3] === null ? null : 0.5 - sample[3] / (2 * HEAD_DEG), HEAD);
  const most = perclosTop(shown, data.perclos);
  line(pen, rows.PERCLOS, shown, x, (sample) => (sample[4] === null ? null : 1 - sample[4] / most), PERCLOS);
  limits(pen, rows.PERCLOS, data.perclos, most, width);
  spans(pen, data, x, width);
  pen.restore();
}

function frame(pen, rows, data, x, width, height) {
  pen.textBaseline = "middle";
  for (const [name, [top, tall]] of Object.entries(rows)) {
    pen.fillStyle = TEXT;
    pen.textAlign = "left";
    pen.fillText(name, 2, name === "events" ? top + LANE_PX / 2 : top + tall / 2);
    pen.fillStyle = name === "events" ? "transparent" : "#182127";
    pen.fillRect(LABELS_PX, top, width - LABELS_PX - 8, tall);
  }
  const step = [30, 60, 120, 300, 600, 1200].find((each) => (each / data.seconds) * (width - LABELS_PX) > 80) ?? 3600;
  for (let ago = 0; ago <= data.seconds; ago += step) {
    const at = x(data.now - ago);
    pen.fillStyle = GRID;
    pen.fillRect(at, 0, 1, height - 16);
    pen.fillStyle = TEXT;
    pen.textAlign = ago === 0 ? "right" : ago === data.seconds ? "left" : "center";
    pen.fillText(ago === 0 ? "now" : ago < 60 ? `−${ago} s` : `−${ago / 60} min`, at, height - 7);
  }
}

// What could not be judged is hatched: neither open nor closed.
function blocks(pen, [top, tall], samples, x, value, colour) {
  samples.forEach((sample, n) => {
    const from = x(sample[0]), to = x(n + 1 < samples.length ? Math.min(samples[n + 1][0], sample[0] + 1) : sample[0] + 0.25);
    const share = value(sample);
    if (share === null) {
      pen.fillStyle = "#33414a";
      pen.fillRect(from, top + tall / 2 - 0.5, to - from + 0.5, 1);
    } else if (share > 0) {
      pen.fillStyle = colour;
      pen.fillRect(from, top + tall * (1 - share), Math.max(1, to - from + 0.5), tall * share);
    }
  });
}

function line(pen, [top, tall], samples, x, value, colour) {
  pen.strokeStyle = colour;
  pen.lineWidth = 1.6;
  pen.beginPath();
  let before = null;
  for (const sample of samples) {
    const y = value(sample);
    if (y !== null) {
      const go = before !== null && sample[0] - before < 1.5 ? "lineTo" : "moveTo";
      pen[go](x(sample[0]), top + tall * Math.min(1, Math.max(0, y)));
      before = sample[0];
    } else {
      before = null;
    }
  }
  pen.stroke();
}

function perclosTop(samples, limits) {
  return Math.max(1.6 * limits.warning, 1.1 * Math.max(0, ...samples.map((sample) => sample[4] ?? 0)));
}

function limits(pen, [top, tall], perclos, most, width) {
  pen.setLineDash([4, 4]);
  pen.lineWidth = 1;
  for (const level of ["advisory", "warning"]) {
    const y = top + tall * (1 - perclos[level] / most);
    pen.strokeStyle = LEVELS[level];
    pen.beginPath();
    pen.moveTo(LABELS_PX, y);
    pen.lineTo(width, y);
    pen.stroke();
  }
  pen.setLineDash([]);
}

// A lane each for alarms, drowsiness (which lasts), what is only told, and expressions: nothing hides an alarm.
function laneOf(span) {
  if (span.category === "emotion") return 3;
  return span.type === "drowsy" ? 1 : span.level === "info" ? 2 : 0;
}

function spans(pen, data, x, width) {
  for (const span of data.spans) {
    const lane = laneOf(span), quiet = lane === 3;
    const from = Math.max(x(span.from), LABELS_PX), to = Math.min(x(span.to ?? data.now), width - 8), top = lane * LANE_PX;
    if (to < LABELS_PX) continue;
    pen.fillStyle = quiet ? "#2c3b45" : LEVELS[span.level];
    pen.fillRect(from, top, Math.max(3, to - from - (quiet ? 1 : 0)), LANE_PX - 3);
    const text = quiet ? span.emotion ?? "" : data.word(span.type);
    const room = to - from - 8, wide = pen.measureText(text).width;
    pen.textAlign = "left";
    pen.fillStyle = quiet ? "#e9eff2" : "#0b0f12";
    if (wide < room) pen.fillText(text, from + 4, top + (LANE_PX - 3) / 2 + 0.5);
  }
}
