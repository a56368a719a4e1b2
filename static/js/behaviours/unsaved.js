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

export default (form) => {
  const said = form.querySelector("[data-unsaved]");
  form.addEventListener("input", () => {
    changed.add(form);
    if (said) said.hidden = false;
  });
};
