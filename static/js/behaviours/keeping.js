// <form data-behaviour="keeping">: what is kept while somebody types (by htmx) is let arrive before the form is sent.
// The answer brings the fingerprint of what is kept; with the old one they would be told that somebody was faster.
export default (form) => {
  let onTheWay = 0;
  let waiting = null; // the button to press once the answer is there
  form.addEventListener("htmx:beforeSend", (event) => {
    if (event.target === form) onTheWay += 1;
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.target !== form) return;
    onTheWay = Math.max(0, onTheWay - 1);
    if (onTheWay || !waiting) return;
    const button = waiting.isConnected ? waiting : form.querySelector(`button[name="${waiting.name}"]`); // drawn anew
    waiting = null;
    if (button && !button.disabled) form.requestSubmit(button);
  });
  form.addEventListener("submit", (event) => {
    if (!onTheWay || event.defaultPrevented || !event.submitter) return;
    event.preventDefault();
    waiting = event.submitter;
  });
};
