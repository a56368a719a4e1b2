// <div data-behaviour="reorder"> around <section class="step">: Alt and an arrow press the step's own button, and a step
// can be dragged by its number. Each drop sends the form that its buttons are in, with the place as "to".
const steps = (root) => [...root.querySelectorAll(".step")];
const formOf = (step) => step.querySelector("button[name=up]")?.form;

const send = (step, to) => {
  const form = formOf(step);
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "to";
  field.value = to;
  form.append(field);
  form.requestSubmit();
};

const drag = (root, step) => {
  const handle = step.querySelector(".step-dot");
  handle.draggable = true;
  handle.addEventListener("dragstart", (event) => {
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", handle.textContent);
    event.dataTransfer.setDragImage(step, 0, 0);
    root.dataset.dragged = step.id;
  });
  handle.addEventListener("dragend", () => {
    delete root.dataset.dragged;
    delete root.dataset.over;
  });
  step.addEventListener("dragover", (event) => {
    if (root.dataset.dragged) event.preventDefault();
  });
  step.addEventListener("drop", (event) => {
    if (!root.dataset.dragged) return;
    event.preventDefault();
    const dragged = document.getElementById(root.dataset.dragged);
    if (dragged !== step) send(dragged, steps(root).indexOf(step) + 1);
  });
};

export default (root) => {
  for (const step of steps(root)) if (formOf(step)) drag(root, step);
  root.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    const name = event.key === "ArrowUp" ? "up" : "down";
    const button = event.target.closest(".step")?.querySelector(`button[name=${name}]:enabled`);
    if (!button) return;
    event.preventDefault();
    button.focus();
    button.click();
  });
};
