// Everything works without this file; it only makes waiting and error messages nicer.
import { initAll } from "./nhsuk-frontend.min.js";

document.body.classList.add("js-enabled", "nhsuk-frontend-supported");
initAll();

const waiting = document.querySelector("[data-waiting]");
if (waiting) {
  const status = document.querySelector("[data-waiting-status]");
  const ask = async () => {
    try {
      const answer = await fetch(waiting.dataset.waiting, { headers: { accept: "application/json" } });
      const view = await answer.json();
      if (view.state !== waiting.dataset.state) {
        window.location.reload();
        return;
      }
      if (view.words && status.textContent !== view.words) status.textContent = view.words;
    } catch {
      status.textContent = "The portal does not answer; still trying.";
    }
    window.setTimeout(ask, 1000);
  };
  window.setTimeout(ask, 700);
}

const onward = document.querySelector("form[data-onward]");
if (onward) onward.requestSubmit();
