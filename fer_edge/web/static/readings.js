// The readings beside the picture: eyes, gaze, mouth, head, PERCLOS, calibration, expressions.
import { aimed, direction, looks, make, percent, seconds } from "./words.js";

const NEARLY_CLOSED = 0.2;
const $ = (id) => document.getElementById(id);

/** Say all of a state; ``limits`` are PERCLOS's. */
export function showReadings(state, limits) {
  $("eyes").textContent = eyes(state);
  $("looks").textContent = looking(state);
  $("mouth").textContent = state.mouth === null ? "unknown" : state.mouth > 0.5 ? "wide open" : "closed";
  $("head").textContent = direction(state.yaw, state.pitch);
  $("perclos").textContent = state.perclos === null ? "not yet known" : `${percent(state.perclos, 1)}, ${weight(state.perclos, limits)}`;
  $("perclos").title = `${percent(state.coverage)} of the minute could be judged; drowsy from ${percent(limits.advisory)}, very drowsy from ${percent(limits.warning)}`;
  $("blinks").textContent = state.blinks_per_min === null ? "not yet known" : `${state.blinks_per_min.toFixed(0)} a minute`;
  $("yawns").textContent = `${state.yawns} recently`;
  showLearning(state);
  showExpressions(state);
}

function eyes(state) {
  if (state.eyes_closed === null) return "unknown";
  if (state.eyes_down) return `lowered for ${seconds(state.lids_down_s ?? 0)}`;
  if (state.eyes_closed) return `closed for ${seconds(state.closure_s ?? 0)}`;
  if (state.openness !== null && state.openness < NEARLY_CLOSED) return "nearly closed"; // a blink, or the first moment of more
  return state.openness === null ? "open" : `open, ${percent(Math.min(1, state.openness))} of normal`;
}

// The eyes where they can be told, else the head.
function looking(state) {
  const where = looks(state.looking);
  if (!where) return "unknown";
  return state.gaze_yaw == null ? where : `${where} (eyes)`;
}

function weight(perclos, limits) {
  return perclos >= limits.warning ? "very drowsy" : perclos >= limits.advisory ? "drowsy" : `fine below ${percent(limits.advisory)}`;
}

function showLearning({ calibration, present, profile }) {
  const done = calibration.state === "calibrated";
  $("learned").value = done ? 1 : calibration.progress;
  $("learned").hidden = done || profile === "kiosk";
  $("calibration").textContent = profile === "kiosk" ? "" : done
    ? "Calibrated for this driver. Recalibrate after a change of driver or camera position."
    : `Calibration ${percent(calibration.progress)}. ${present ? "Look at the road, eyes open, for about a minute." : "Continues when a driver is in view."}`;
}

/** How the camera is aimed, in words and, where wanted, over the picture. */
export function showAim(aim, overlay) {
  const box = $("aimed");
  $("aim-word").textContent = aim ? aimed(aim) : "Camera aim not checked yet";
  box.hidden = !overlay || !aim;
  box.dataset.ok = String(aim === "fine");
  box.firstElementChild.textContent = aim ? aimed(aim) : "";
}

function showExpressions(state) {
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

function bar(name, share, leads) {
  const item = make("li", "", leads ? "leading" : "");
  const outer = make("span", "", "bar"), inner = make("i", "");
  inner.style.width = `${100 * share}%`;
  outer.append(inner);
  item.append(make("span", name), outer, make("span", percent(share), "share"));
  return item;
}
