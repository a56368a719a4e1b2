// A form that is sent leads back to its page: to where the person was, or to the first field that was refused.
const KEY = "place";
let keyed = false; // the last thing that the person used was the keyboard

document.addEventListener("keydown", () => (keyed = true), true);
document.addEventListener("pointerdown", () => (keyed = false), true);

const stored = () => {
  try {
    const place = JSON.parse(sessionStorage.getItem(KEY));
    sessionStorage.removeItem(KEY);
    return place;
  } catch {
    return null; // storage is switched off: the page begins at its top
  }
};

const goBack = (place) => {
  const refused = document.querySelector('main [aria-invalid="true"]');
  if (refused) {
    refused.focus();
    return;
  }
  if (place.path === location.pathname && place.keyed) goOn(place);
  else if (place.path === location.pathname && !location.hash) window.scrollTo({ top: place.top, behavior: "instant" });
};

// Whoever pressed a button by keyboard goes on from it, wherever it stands now: a step moves up with its second press.
const goOn = ({ action, name, top }) => {
  const form = [...document.querySelectorAll("main form")].find((one) => one.getAttribute("action") === action);
  const button = form?.querySelector(name ? `button[name="${CSS.escape(name)}"]` : "button");
  window.scrollTo({ top, behavior: "instant" });
  (button?.disabled ? form.querySelector("button:enabled") : button)?.focus();
};

export const keepPlace = () => {
  const place = stored();
  // Not before the style sheets are there: without them the page has another height.
  if (place && document.readyState === "complete") goBack(place);
  else if (place) window.addEventListener("load", () => goBack(place), { once: true });
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.method !== "post") return;
    const { submitter } = event;
    const pressed = { action: event.target.getAttribute("action"), name: submitter?.name ?? "" };
    try {
      sessionStorage.setItem(KEY, JSON.stringify({ path: location.pathname, top: window.scrollY, keyed, ...pressed }));
    } catch {
      // as above
    }
  });
};
