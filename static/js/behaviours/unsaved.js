// <form data-behaviour="unsaved">: what was typed and not saved is not thrown away without a question of the browser.
const changed = new Set();
let sent = null;

window.addEventListener("beforeunload", (event) => {
  const rest = [...changed].filter((form) => form !== sent && form.isConnected);
  sent = null; // should the person stay, the form was not sent
  if (rest.length) event.preventDefault();
});
document.addEventListener("submit", (event) => {
  if (!event.defaultPrevented) sent = event.target;
});

// A form that is kept while somebody types (by htmx) has nothing to lose as soon as the server has it.
const sends = (form) => {
  form.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target === form) changed.delete(form);
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.target === form && !event.detail.successful) changed.add(form);
  });
};

export default (form) => {
  sends(form);
  const said = form.querySelector("[data-unsaved]");
  form.addEventListener("input", () => {
    changed.add(form);
    if (said) said.hidden = false;
  });
};
