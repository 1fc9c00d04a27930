// The line at the foot of the page: how the node is. What is wrong is said in words and coloured.
import { known, make, span } from "./words.js";

const JUST_SENT = 5;

/** Fills the footer. ``state`` may be null before the first picture. */
export function showHealth(footer, stats, state) {
  const watching = stats.camera === "online", outbox = stats.outbox ?? {};
  const parts = [
    ["camera", stats.camera === "disabled" ? "paused" : stats.camera, stats.camera === "offline"],
    stats.broker === "offline" ? ["", stats.broker_fault ?? "broker offline", true] : ["broker", stats.broker, false],
    ["", waits(outbox, stats.broker), outbox.storage === "memory" || stats.broker === "offline"],
    ["", stats.config_fault ? `reload refused: ${stats.config_fault}` : null, true],
    ["", watching ? known(stats.fps, " frames/s") : null, state?.degraded_rate],
    ["latency", watching ? known(stats.latency_ms_p95, " ms (p95)", 0) : null, stats.latency_ms_p95 > 500],
    ["skipped", known(stats.skipped, "", 0), false],
    ["processor", known(stats.cpu_percent, " % of a core", 0), false],
    ["memory", known(stats.memory_mb, " MB", 0), false],
    ["", known(stats.temperature_c, " °C"), stats.temperature_c > 80],
    ["", stats.throttled ? "slowed down by heat or low voltage" : null, true],
    ["up", span(stats.uptime_s), false],
  ];
  footer.replaceChildren(...parts.filter(([, value]) => value != null).map(([name, value, bad]) => {
    const part = make("span", name ? `${name} ` : "", bad ? "bad" : "");
    part.append(bad ? value : make("b", value));
    return part;
  }));
}

/** The events that the broker has not confirmed, and whether a restart would lose them; a few just sent are no news. */
function waits({ waiting, storage }, broker) {
  if (!waiting || (broker === "online" && storage !== "memory" && waiting <= JUST_SENT)) return null;
  return `${waiting} event${waiting === 1 ? "" : "s"} waiting ${storage === "memory" ? "in memory: the disk cannot be written" : "on disk"}`;
}
