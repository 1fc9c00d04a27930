// How the page says values: unknown is said, never shown as a number. The words are those of fer_edge/words.py.
import { aims, events, levels, looking, reasons } from "./vocabulary.js";

export function word(type) { return events[type] ?? type.replaceAll("_", " "); }
export function why(reason) { return reason && (reasons[reason] ?? reason.replaceAll("_", " ")); }
export function urgency(level) { return levels[level] ?? level; }
export function looks(where) { return where ? looking[where] ?? where : null; }
export function aimed(fault) { return aims[fault] ?? fault; }
export function percent(share, digits = 0) { return share == null ? "?" : `${(100 * share).toFixed(digits)} %`; }
export function seconds(value) { return value < 60 ? `${value.toFixed(1)} s` : span(value); }
export function known(value, unit, digits = 1) { return typeof value === "number" ? value.toFixed(digits) + unit : null; }
export function span(value) {
  const whole = Math.round(value), hours = Math.floor(whole / 3600), minutes = Math.floor((whole % 3600) / 60);
  const parts = hours ? [[hours, "h"], [minutes, "min"]] : [[minutes, "min"], [whole % 60, "s"]];
  return parts.filter(([count]) => count).map(([count, unit]) => `${count} ${unit}`).join(" ") || "0 s";
}
export function direction(yaw, pitch) {
  if (yaw == null || pitch == null) return "unknown";
  const parts = [];
  if (Math.abs(yaw) >= 8) parts.push(`${Math.abs(yaw).toFixed(0)}° ${yaw > 0 ? "left" : "right"}`);
  if (Math.abs(pitch) >= 8) parts.push(`${Math.abs(pitch).toFixed(0)}° ${pitch > 0 ? "up" : "down"}`);
  return parts.join(", ") || "straight ahead";
}
/** Say it where it is read aloud: only what is new, or a screen reader repeats it for ever. */
export function write(element, text) { if (element.textContent !== text) element.textContent = text; }
export function make(tag, text, kind) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (kind) element.className = kind;
  return element;
}
