// Progress without reloading: one stream tells of every run that this page shows, and of what else came to its end.
"use strict";

const page = document.querySelector("[data-after]");
const places = new Map();
document.querySelectorAll("[data-run]").forEach((place) => places.set(place.dataset.run, place));

function show(place, run) {
  const at = run.progress || {};
  const bar = place.querySelector("progress");
  const words = place.querySelector("[data-words]");
  if (at.total) {
    bar.max = at.total;
    bar.value = at.done;
  }
  const said = [at.step, at.what].filter(Boolean).join(" ");
  if (said) words.textContent = said;
}

if (page || places.size) {
  const after = page ? `?after=${page.dataset.after}` : "";
  const events = new EventSource(`/v1/events${after}`);
  events.addEventListener("run", (event) => {
    const run = JSON.parse(event.data);
    if (places.has(run.run_id)) show(places.get(run.run_id), run);
  });
  events.addEventListener("change", (event) => {
    const change = JSON.parse(event.data);
    if (!page?.hasAttribute("data-every") && !places.has(change.run_id)) return;
    events.close();
    setTimeout(() => location.reload(), Math.random() * change.spread_s * 1000);
  });
}
