// The page's own files for a moment when the node is away. Fresh ones always go before kept ones; nothing the node says is kept.
const KEPT = "fer-edge-page-3";
const FILES = [
  "/", "page.css", "page.js", "alarm.js", "chart.js", "condition.js", "drives.js", "events.js", "health.js", "overlay.js", "readings.js", "settings.js",
  "timeline.js", "vocabulary.js", "words.js", "icon.svg", "icon-192.png", "manifest.webmanifest",
];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event, path = new URL(request.url).pathname;
  if (request.method !== "GET" || !FILES.some((name) => path === (name === "/" ? "/" : `/${name}`))) return;
  event.respondWith(fetch(request).then(async (answer) => {
    if (answer.ok) await (await caches.open(KEPT)).put(request, answer.clone());
    return answer;
  }).catch(() => caches.match(request)));
});
