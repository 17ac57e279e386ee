// Keys, kept scroll places and a guard against sending twice. Every act works without them, by links and buttons.

const SWITCH = "tre-keys";
const PLACE = "tre-place";
const keyed = [...document.querySelectorAll("[data-key]")];

const recall = (store, name) => {
  try {
    return store.getItem(name);
  } catch {
    return null;
  }
};
const keep = (store, name, value) => {
  try {
    store.setItem(name, value);
  } catch {
    // a browser that keeps nothing loses only this convenience
  }
};

// ---- scroll places: after a vote, a sort or a turn of the page one stays where one was ---------------------------

const sheet = () => document.querySelector("[data-sheet]");
const note = () => {
  const table = sheet();
  keep(sessionStorage, PLACE, JSON.stringify([location.pathname, window.scrollY, table ? table.scrollLeft : 0]));
};
const restore = () => {
  const kept = recall(sessionStorage, PLACE);
  if (!kept) return;
  sessionStorage.removeItem(PLACE);
  const [path, top, left] = JSON.parse(kept);
  if (path !== location.pathname || location.hash) return;
  window.scrollTo(0, top);
  if (sheet()) sheet().scrollLeft = left;
};
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (link && link.pathname === location.pathname && !link.hash) note();
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.hasAttribute("data-keep") || form.method === "get") note();
  if (!form.hasAttribute("data-once")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});
restore();

// ---- what takes longer than the page comes after it ---------------------------------------------------------------

for (const place of document.querySelectorAll("[data-later]")) {
  fetch(place.dataset.later)
    .then((answer) => (answer.ok ? answer.text() : ""))
    .then((text) => {
      const found = new DOMParser().parseFromString(text, "text/html").getElementById(place.id);
      if (found) place.replaceWith(found);
    })
    .catch(() => {}); // the link to the same is still there
}

// ---- keys: single characters, which anybody can switch off (WCAG 2.1.4) -------------------------------------------

const on = () => recall(localStorage, SWITCH) !== "off";

const announce = () => {
  for (const each of keyed) {
    if (on()) each.setAttribute("aria-keyshortcuts", each.dataset.key);
    else each.removeAttribute("aria-keyshortcuts");
  }
};

const act = (element) => {
  if (element.matches("input[type=radio], input[type=checkbox]")) {
    element.checked = true;
    element.dispatchEvent(new Event("change", { bubbles: true }));
    const next = element.dataset.then && document.querySelector(element.dataset.then);
    (next || element).focus();
  } else if (element.matches("input, textarea, select")) {
    element.focus();
    if (element.select) element.select();
  } else {
    element.click();
  }
};

const make = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

const help = () => {
  const list = make("dl");
  const seen = new Set();
  const say = (key, words) => {
    if (seen.has(key)) return;
    seen.add(key);
    list.append(make("dt", {}, make("kbd", { textContent: key })), make("dd", { textContent: words }));
  };
  for (const each of keyed) say(each.dataset.key, each.dataset.keyWords || each.textContent.trim());
  say("?", "This list");
  say("Esc", "Close this list");
  const toggle = make("button", { type: "button", className: "nhsuk-button nhsuk-button--secondary tre-compact" });
  const write = () => {
    toggle.textContent = on() ? "Switch the keys off" : "Switch the keys on";
    announce();
  };
  toggle.addEventListener("click", () => {
    keep(localStorage, SWITCH, on() ? "off" : "on");
    write();
  });
  write();
  const close = make("button", { type: "button", className: "nhsuk-button tre-compact", textContent: "Close" });
  const title = make("h2", { className: "nhsuk-heading-m", id: "keys-title", textContent: "Keys of this page" });
  const dialog = make("dialog", { className: "tre-keys" }, title, list, make("p", {}, toggle, " ", close));
  dialog.setAttribute("aria-labelledby", "keys-title");
  close.addEventListener("click", () => dialog.close());
  return dialog;
};

if (keyed.length) {
  const dialog = help();
  const opener = make("button", { type: "button", className: "tre-link-button tre-keys-open", textContent: "Keys of this page (?)" });
  opener.addEventListener("click", () => dialog.showModal());
  document.querySelector("main").append(make("p", {}, opener), dialog);
  announce();
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || dialog.open || !on()) return;
    if (event.target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]")) return;
    if (event.key === "?") {
      event.preventDefault();
      dialog.showModal();
      return;
    }
    const wanted = keyed.find((each) => each.dataset.key === event.key && each.checkVisibility());
    if (!wanted) return;
    event.preventDefault();
    act(wanted);
  });
}
