// <input type="checkbox" data-behaviour="check-all" data-name="contact">: ticks all boxes of that name in its form.
export default (box) => {
  const scope = box.form ?? document;
  const all = () => [...scope.querySelectorAll(`input[type=checkbox][name="${CSS.escape(box.dataset.name)}"]`)];
  const reflect = () => {
    const ticked = all().filter((one) => one.checked).length;
    box.checked = ticked > 0 && ticked === all().length;
    box.indeterminate = ticked > 0 && !box.checked;
  };
  box.addEventListener("change", () => {
    for (const one of all()) one.checked = box.checked;
  });
  scope.addEventListener("change", (event) => {
    if (event.target !== box) reflect();
  });
  reflect();
};
