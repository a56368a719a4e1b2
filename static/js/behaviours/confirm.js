// <form data-behaviour="confirm" data-question="Remove step 2?" data-text="...">: asks once before it is sent.
// Without JavaScript it is sent at once, so only what can be made good again may rest on it.
const made = () => {
  const dialog = document.createElement("dialog");
  dialog.id = "confirm";
  dialog.setAttribute("aria-labelledby", "confirm-title");
  const body = document.createElement("div");
  body.className = "dialog-body";
  const title = document.createElement("h2");
  title.id = "confirm-title";
  const text = document.createElement("p");
  text.className = "muted";
  const row = document.createElement("div");
  row.className = "row";
  for (const [value, kind] of [["yes", "button-danger"], ["", ""]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = `button ${kind}`;
    button.addEventListener("click", () => dialog.close(value));
    row.append(button);
  }
  row.lastChild.textContent = "Keep";
  body.append(title, text, row);
  dialog.append(body);
  document.body.append(dialog);
  return dialog;
};

export default (form) => {
  let isSure = false;
  form.addEventListener("submit", (event) => {
    if (isSure) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { submitter } = event;
    const dialog = document.querySelector("#confirm") ?? made();
    dialog.returnValue = "";
    dialog.querySelector("h2").textContent = form.dataset.question;
    dialog.querySelector("p").textContent = form.dataset.text ?? "";
    dialog.querySelector(".button-danger").textContent = form.dataset.do ?? "Remove";
    const answered = () => {
      if (dialog.returnValue !== "yes") return;
      isSure = true;
      form.requestSubmit(submitter);
    };
    dialog.addEventListener("close", answered, { once: true });
    dialog.showModal();
  });
};
