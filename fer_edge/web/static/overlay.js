// The picture and what is drawn over it, as sharp as the screen. The values are those of fer_edge/overlay.py.
const TONES = { fine: "#50c86e", warning: "#faaa28", critical: "#eb3c3c", unknown: "#a0a0a0", head: "#3ca0e6" };
const FINEST = 3;

/** Draw a picture with its overlay; places are in pixels of the camera's picture, of which ``image`` may be a smaller one. */
export function drawOverlay(canvas, image, { size: [width, height], faces, lines, arrows, note }) {
  const wanted = canvas.parentElement.clientWidth * (window.devicePixelRatio || 1) / image.width;
  const scale = Math.min(FINEST, Math.max(1, wanted)), to = [Math.round(image.width * scale), Math.round(image.height * scale)];
  if (canvas.width !== to[0] || canvas.height !== to[1]) [canvas.width, canvas.height] = to;
  const pen = canvas.getContext("2d");
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.drawImage(image, 0, 0, ...to);
  pen.setTransform(to[0] / width, 0, 0, to[1] / height, 0, 0);
  const unit = Math.max(0.55, Math.min(height / 480, width / 560));
  pen.lineJoin = pen.lineCap = "round";
  pen.font = `${15 * unit}px system-ui, sans-serif`;
  for (const [x, y, wide, high, tone] of faces) corners(pen, unit, x, y, wide, high, TONES[tone]);
  for (const [tone, closed, faint, points] of lines) {
    path(pen, TONES[tone], (faint ? 0.8 : 1.6) * unit, [points]);
    if (closed) pen.closePath();
    pen.stroke();
  }
  for (const [tone, ...ends] of arrows) arrow(pen, unit, TONES[tone], ...ends);
  for (const [x, y, , high, , text] of faces) if (text) label(pen, unit, text, x, y, y + high, width);
  if (note) {
    pen.font = `600 ${22 * unit}px system-ui, sans-serif`;
    label(pen, 1.5 * unit, note, 0.04 * width, 0.12 * height + 36 * unit, 0, width, TONES.warning);
  }
}

function path(pen, colour, thick, strokes) {
  pen.strokeStyle = colour;
  pen.lineWidth = thick;
  pen.beginPath();
  for (const [[x, y], ...more] of strokes) {
    pen.moveTo(x, y);
    for (const point of more) pen.lineTo(...point);
  }
}

/** Only the corners of a box: the face stays visible. */
function corners(pen, unit, x, y, wide, high, colour) {
  const arm = 0.22 * Math.min(wide, high), strokes = [];
  for (const [cx, dx] of [[x, arm], [x + wide, -arm]]) {
    for (const [cy, dy] of [[y, arm], [y + high, -arm]]) strokes.push([[cx + dx, cy], [cx, cy], [cx, cy + dy]]);
  }
  path(pen, colour, 2.6 * unit, strokes);
  pen.stroke();
}

function arrow(pen, unit, colour, x0, y0, x1, y1) {
  const turn = Math.atan2(y1 - y0, x1 - x0), head = 0.25 * Math.hypot(x1 - x0, y1 - y0);
  const side = (by) => [x1 - head * Math.cos(turn + by), y1 - head * Math.sin(turn + by)];
  path(pen, colour, 1.6 * unit, [[[x0, y0], [x1, y1]], [side(0.6), [x1, y1], side(-0.6)]]);
  pen.stroke();
}

/** Text on a plate above ``top``, or under ``bottom`` where there is no room; always inside the picture. */
function label(pen, unit, text, x, top, bottom, width, colour = "#f5f5f5") {
  const pad = 5 * unit, high = 15 * unit + pad, wide = pen.measureText(text).width + 2 * pad;
  const left = Math.max(0, Math.min(x, width - wide)), above = top - high - 3 * unit;
  const y = above >= 0 ? above : bottom + 3 * unit;
  pen.fillStyle = "#16181cb0";
  pen.fillRect(left, y, wide, high);
  pen.fillStyle = colour;
  pen.textBaseline = "middle";
  pen.fillText(text, left + pad, y + high / 2);
}
