// Progress without reloading: every element that names a run follows it until it ends, then the page is read again.
"use strict";

function told(run) {
  const at = run.progress || {};
  return [at.step, at.what].filter(Boolean).join(" ");
}

function follow(place) {
  const events = new EventSource(`/v1/runs/${encodeURIComponent(place.dataset.run)}/events`);
  const bar = place.querySelector("progress");
  const words = place.querySelector("[data-words]");
  events.addEventListener("run", (event) => {
    const run = JSON.parse(event.data);
    const at = run.progress || {};
    if (at.total) {
      bar.max = at.total;
      bar.value = at.done;
    }
    if (told(run)) words.textContent = told(run);
  });
  events.addEventListener("end", () => {
    events.close();
    location.reload();
  });
}

document.querySelectorAll("[data-run]").forEach(follow);
