// How the page says values, and puts words on itself: unknown is said, never shown as a number.
const WORDS = {
  microsleep: "Microsleep", sleep: "Asleep", unresponsive: "Unresponsive", drowsy: "Drowsy", yawn: "Yawning",
  nod: "Nodding off", distracted: "Distracted", absent: "No driver", view_degraded: "View degraded",
  emotion: "Expression", present: "In view",
};
const REASONS = {
  covered: "lens covered", dark: "too dark", eyes: "eyes not visible", rotated: "the picture is turned on its side",
  lids_down: "lids down too long", asleep: "ended: went on as sleep", person: "ended: another face is there",
  slump: "the head sank", distracted: "looked away until it counted as no answer", long: "looked away in one go",
  shared: "looked away again and again", drop: "the head fell", jerk: "the head jerked up",
  upright: "ended: sits upright, eyes not visible", unresponsive: "went on as unresponsive", slow: "ended: the car is slow",
  unjudged: "ended: could no longer be seen", absent: "ended: nobody there", gap: "ended: no pictures came",
  clock: "ended: the clock was set back", paused: "ended: paused", stopped: "ended: the node was stopped",
  reloaded: "ended: new settings", end_of_source: "ended: the recording ended", aborted: "ended: the node was switched off",
};
const LEVELS = { info: "for information", advisory: "take note", warning: "warning", critical: "alarm" };
const LOOKING = { ahead: "ahead", down: "down", up: "up", left: "to the left", right: "to the right" };
const AIM = {
  fine: "Aimed well: the face is near, lit and straight", nobody: "No face: point the camera at the driver",
  covered: "Too dark or covered: free the lens, or give it light", rotated: "The picture lies on its side: turn the camera",
  edge: "The face is cut off: move the camera until all of it is seen", far: "Too far: bring the camera nearer to the driver",
  close: "Too near: move the camera back", dark: "Too dark: the face needs light, an infrared lamp at night",
  glare: "Glare: light falls into the lens or onto the face; shade it", blurred: "Blurred: clean or focus the lens",
  turned: "Too far aside: mount it where the driver looks, at most 30° off",
};

export function word(type) { return WORDS[type] ?? type.replaceAll("_", " "); }
export function why(reason) { return reason && (REASONS[reason] ?? reason.replaceAll("_", " ")); }
export function urgency(level) { return LEVELS[level] ?? level; }
export function looks(where) { return where ? LOOKING[where] ?? where : null; }
export function aimed(fault) { return AIM[fault] ?? fault; }
export function percent(share, digits = 0) { return share == null ? "?" : `${(100 * share).toFixed(digits)} %`; }
export function seconds(value) { return value < 60 ? `${value.toFixed(1)} s` : span(value); }
export function known(value, unit, digits = 1) { return typeof value === "number" ? value.toFixed(digits) + unit : null; }
export function span(value) {
  const whole = Math.round(value), hours = Math.floor(whole / 3600), minutes = Math.floor((whole % 3600) / 60);
  return hours ? `${hours} h ${minutes} min` : minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
export function direction(yaw, pitch) {
  if (yaw == null || pitch == null) return "cannot tell";
  const parts = [];
  if (Math.abs(yaw) >= 8) parts.push(`${Math.abs(yaw).toFixed(0)}° ${yaw > 0 ? "left" : "right"}`);
  if (Math.abs(pitch) >= 8) parts.push(`${Math.abs(pitch).toFixed(0)}° ${pitch > 0 ? "up" : "down"}`);
  return parts.join(", ") || "straight ahead";
}
export function make(tag, text, kind) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (kind) element.className = kind;
  return element;
}
