{% load static %}// Keeps the look of the desk and one page that says there is no network. It never answers
// for the server: every check and every redemption goes through, or fails in sight.
"use strict";
const KEPT = "hexiao-desk-2";
const OFFLINE = "{% url "desk:offline" %}";
const LOOK = ["{% static "desk/desk.css" %}", "{% static "desk/desk.js" %}", "{% static "console/keep.js" %}", "{% static "unfold/js/htmx/htmx.js" %}", "{% static "console/favicon.svg" %}"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll([OFFLINE, ...LOOK])));
});
self.addEventListener("activate", (event) => {
  const old = (names) => names.filter((name) => name.startsWith("hexiao-desk-") && name !== KEPT);
  event.waitUntil(caches.keys().then((names) => Promise.all(old(names).map((name) => caches.delete(name)))));
});
self.addEventListener("fetch", (event) => {
  const request = event.request;
  const path = new URL(request.url).pathname;
  if (LOOK.includes(path)) {
    event.respondWith(fetch(request).catch(() => caches.match(path)));
  } else if (request.mode === "navigate" && request.method === "GET") {
    event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
  }
});
