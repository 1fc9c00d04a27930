// Events as spans: one from its start to its end, however many messages told it.
import { looks, make, percent, seconds, urgency, why, word } from "./words.js";

export const SIGNS = { unknown: "○", fine: "●", info: "●", advisory: "◆", warning: "▲", critical: "■" };
export const RANK = { info: 0, advisory: 1, warning: 2, critical: 3 };
const MOST = 300;

/** Take one message into the spans (a Map by key); returns its span. */
export function follow(spans, event) {
  const told = { key: event.key, from: event.began_at, time: event.time - (event.at - event.began_at), level: event.level };
  const known = spans.get(event.key) ?? told;
  Object.assign(known, {
    type: event.event_type, category: event.category, emotion: event.emotion ?? known.emotion, held: event.held_s,
    level: RANK[event.level] > RANK[known.level] ? event.level : known.level,
    to: event.phase === "end" ? event.at : null, person: event.person ?? known.person, reason: event.reason ?? known.reason, perclos: event.perclos ?? known.perclos,
    looking: event.looking ?? known.looking,
  });
  spans.set(event.key, known);
  // Expressions change all the time: they push out none but their own.
  const alike = [...spans.values()].filter(({ category }) => (category === "emotion") === (event.category === "emotion"));
  if (alike.length > MOST) spans.delete(alike[0].key);
  return known;
}

/** One line of a list. */
export function line(span, stamp) {
  const item = document.createElement("li");
  item.dataset.level = span.level;
  const when = new Date(span.time * 1000);
  const time = make("time", stamp(when));
  time.dateTime = when.toISOString();
  const what = make("span", "");
  const sign = make("span", SIGNS[span.level], "sign");
  sign.ariaHidden = "true";
  what.append(sign, ` ${word(span.type)}`);
  const held = make("span", span.to === null ? "now" : seconds(span.held), "held");
  item.append(time, what, held, make("span", more(span), "more"));
  return item;
}

/** What else is known of it, in words. */
export function more(span) {
  const parts = [urgency(span.level)];
  if (span.emotion) parts.push(span.emotion);
  if (span.person != null) parts.push(`person ${span.person}`);
  if (span.looking && span.looking !== "ahead") parts.push(`looked ${looks(span.looking)}`);
  if (span.perclos != null) parts.push(`eyes closed ${percent(span.perclos)} of the minute`);
  if (span.reason) parts.push(why(span.reason));
  return parts.join(", ");
}
