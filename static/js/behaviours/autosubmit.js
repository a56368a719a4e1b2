// <form data-behaviour="autosubmit">: filters are applied as soon as a choice changes.
export default (form) => {
  form.addEventListener("change", (event) => {
    if (event.target.matches("select, [type=checkbox], [type=radio]")) form.requestSubmit();
  });
};
