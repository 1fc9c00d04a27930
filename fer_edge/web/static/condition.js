// The one thing to know now: what is wrong first, then what is happening, then that all is well.
import { RANK } from "./events.js";
import { looks, seconds, span, urgency, word } from "./words.js";

const EYES_HIDDEN = "Eyes not visible";
const SAID_BY_STATE = ["emotion", "present", "absent", "view_degraded"];

/** Open events that are alarms of the driver, worst first. */
export function alarms(state) {
  return (state?.open_events ?? []).filter(({ event_type }) => !SAID_BY_STATE.includes(event_type)).sort((a, b) => RANK[b.level] - RANK[a.level]);
}

export function condition({ state, health, connected, silent, refused }) {
  if (!connected) return { level: "unknown", words: "not connected", headline: "No connection", detail: refused || "Reconnecting …", blank: "No connection to the node" };
  if (silent) return { level: "unknown", words: "not connected", headline: "No answer", detail: "The node is not responding", blank: "No answer from the node" };
  if (!state) return { level: "unknown", words: "unknown", headline: "Waiting for the camera", detail: health?.camera_fault, blank: "No picture yet" };
  if (state.paused) return { level: "unknown", words: "not monitoring", headline: "Paused", detail: `resumes in ${span(state.paused_s)}`, blank: "Paused: not monitoring" };
  const open = alarms(state);
  const lost = state.frame ? null : health?.camera_fault ?? "no picture from the camera";
  if (open.length) {
    const others = open.slice(1).map((event) => `${word(event.event_type).toLowerCase()} for ${seconds(event.held_s)}`);
    return {
      level: open[0].level, words: urgency(open[0].level), headline: word(open[0].event_type),
      // An event goes on when nothing can be seen of the driver any more: then that is half of the news.
      detail: [`for ${seconds(open[0].held_s)}`, ...others, lost ? "no picture" : hides(state).toLowerCase()].filter(Boolean).join(", "),
      blank: lost && "No picture",
    };
  }
  if (lost) return { level: "unknown", words: "unknown", headline: "No picture", detail: lost, blank: "No picture" };
  if (state.lens !== "clear") return unseen(state, "view_degraded", hides(state), "the driver cannot be monitored");
  if (state.profile === "kiosk") return { level: "fine", words: "monitoring", headline: `${state.people.length} in view` };
  if (state.present === false) return unseen(state, "absent", hides(state));
  if (!state.present) return { level: "unknown", words: "unknown", headline: "Looking for a face" };
  if (state.eyes_closed === null) return unseen(state, "view_degraded", EYES_HIDDEN, "sleep cannot be detected");
  if (state.eyes_closed && state.closure_s > 0.4) return { level: "fine", words: "no alarm", headline: "Eyes closed", detail: `for ${seconds(state.closure_s)}` };
  const aside = state.looking && state.looking !== "ahead" ? `looks ${looks(state.looking)}` : "";
  return { level: "fine", words: "no alarm", headline: "Awake", detail: [aside, state.emotion].filter(Boolean).join(", ") };
}

/** What hides the driver; eyes only once that is an event: those of a head that is turned away are hidden, too. */
function hides({ lens, present, profile, eyes_closed, open_events }) {
  if (lens !== "clear") return lens === "dark" ? "Too dark" : "Lens covered";
  if (present === false && profile !== "kiosk") return "No driver";
  return eyes_closed === null && open_events.some(({ event_type }) => event_type === "view_degraded") ? EYES_HIDDEN : "";
}

/** Nothing else is open. Its event only adds since when: the state says what holds now, and when it is over. */
function unseen(state, type, headline, so) {
  const event = state.open_events.find(({ event_type }) => event_type === type);
  const told = [so, event ? `for ${seconds(event.held_s)}` : ""];
  return { level: event?.level ?? "unknown", words: event ? urgency(event.level) : "unknown", headline, detail: told.filter(Boolean).join(", ") };
}
