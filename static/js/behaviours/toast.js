// <div data-behaviour="toast">: goes by itself after a while, unless it is an error, is pointed at or has the focus.
const STAYS_MS = 7000;

export const toast = (box) => {
  box.querySelector("button")?.addEventListener("click", () => box.remove());
  if (box.matches(".toast-error")) return;
  const leave = () => {
    if (box.matches(":hover, :focus-within")) setTimeout(leave, STAYS_MS);
    else box.remove();
  };
  setTimeout(leave, STAYS_MS);
};

// about: the path that failed; empty where any answer of the server shows that it is over.
const say = (words, about = "") => {
  const place = document.querySelector(".toasts");
  if (!place || place.querySelector("[data-failure]")) return; // once is enough while it stands there
  const box = document.createElement("div");
  box.className = "toast toast-error";
  box.dataset.failure = about;
  const text = document.createElement("p");
  text.textContent = words;
  const button = document.createElement("button");
  button.type = "button";
  button.ariaLabel = "Dismiss";
  button.textContent = "×";
  box.append(text, button);
  place.append(box);
  toast(box);
};

const pathOf = (event) => event.detail.pathInfo?.requestPath ?? "";

// A request of htmx that fails is told in words; the page stays as it was.
export const announceFailures = () => {
  document.addEventListener("htmx:sendError", () => say("The server cannot be reached. The page shows its last answer."));
  document.addEventListener("htmx:timeout", () => say("The server took too long to answer. Please try again."));
  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    const path = pathOf(event);
    if (status === 403) say("You may not do this, or you were signed out. Reload the page.", path);
    else if (status === 404) say("This is not there any more. Reload the page.", path);
    else say(`The server answered with an error (${status}). Nothing was changed on this page.`, path);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    // What a page asks for by itself every few seconds says nothing about what a person tried.
    const told = document.querySelector(".toasts [data-failure]");
    if (told && event.detail.successful && ["", pathOf(event)].includes(told.dataset.failure)) told.remove();
  });
};
