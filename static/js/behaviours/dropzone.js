// <... data-behaviour="dropzone">: a file may be dropped; [data-name] inside shows which one was chosen.
export default (zone) => {
  const input = zone.querySelector("input[type=file]");
  if (!input) return;
  const name = zone.querySelector("[data-name]");
  const show = () => {
    if (name && input.files[0]) name.textContent = input.files[0].name;
  };
  input.addEventListener("change", show);
  for (const kind of ["dragover", "dragleave", "drop"]) {
    zone.addEventListener(kind, (event) => {
      event.preventDefault();
      zone.toggleAttribute("data-over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files.length) {
        input.files = event.dataTransfer.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
      }
    });
  }
};
