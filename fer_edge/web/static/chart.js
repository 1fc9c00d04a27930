// What both timelines draw with: a canvas as sharp as the screen, the page's colours, and a line with gaps.
import { RANK } from "./events.js";

/** A pen over the whole canvas in CSS pixels, cleared; with the page's colours for the present theme. */
export function pen(canvas) {
  const pixel = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * pixel) || canvas.height !== Math.round(height * pixel)) {
    canvas.width = Math.round(width * pixel);
    canvas.height = Math.round(height * pixel);
  }
  const context = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
  context.setTransform(pixel, 0, 0, pixel, 0, 0);
  context.clearRect(0, 0, width, height);
  const size = Math.max(12, Math.min(15, parseFloat(style.fontSize) * 0.75));
  context.font = `${size}px system-ui, sans-serif`;
  return { context, width, height, colour: (name) => style.getPropertyValue(`--${name}`).trim() };
}

/** A line through points [[x, y or null], …]; it breaks where y is null and where x leaps by more than ``leap``. */
export function line(context, points, colour, leap) {
  context.strokeStyle = colour;
  context.lineWidth = 1.6;
  context.beginPath();
  let before = null;
  for (const [x, y] of points) {
    if (y === null) before = null;
    else {
      context[before !== null && x - before < leap ? "lineTo" : "moveTo"](x, y);
      before = x;
    }
  }
  context.stroke();
}

/** A dashed level line. */
export function level(context, y, from, to, colour) {
  context.setLineDash([4, 4]);
  context.lineWidth = 1;
  context.strokeStyle = colour;
  context.beginPath();
  context.moveTo(from, y);
  context.lineTo(to, y);
  context.stroke();
  context.setLineDash([]);
}

/** In the order to draw them: what is worse lies over what is less. */
export function worstLast(spans) {
  return [...spans].sort((a, b) => RANK[a.level] - RANK[b.level]);
}

/** A lane each for alarms, drowsiness (which lasts), what is only told, and expressions: nothing hides an alarm. */
export function laneOf(span) {
  if (span.category === "emotion") return 3;
  return span.type === "drowsy" ? 1 : span.level === "info" ? 2 : 0;
}
