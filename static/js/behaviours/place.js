// A form that is sent leads back to its page: to where the person was, or to the first field that was refused.
const KEY = "place";

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
  if (refused) refused.focus();
  else if (place.path === location.pathname && !location.hash) window.scrollTo({ top: place.top, behavior: "instant" });
};

export const keepPlace = () => {
  const place = stored();
  // Not before the style sheets are there: without them the page has another height.
  if (place && document.readyState === "complete") goBack(place);
  else if (place) window.addEventListener("load", () => goBack(place), { once: true });
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.method !== "post") return;
    try {
      sessionStorage.setItem(KEY, JSON.stringify({ path: location.pathname, top: window.scrollY }));
    } catch {
      // as above
    }
  });
};
