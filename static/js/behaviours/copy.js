// <button data-behaviour="copy" data-text="...">: copies the text and says so.
export default (button) => {
  const before = [...button.childNodes];
  let timer = 0;
  button.addEventListener("click", async () => {
    let word = "Copied";
    try {
      await navigator.clipboard.writeText(button.dataset.text ?? "");
    } catch {
      word = "Not copied"; // the browser allows it only on https:// and localhost
    }
    clearTimeout(timer);
    button.replaceChildren(word);
    timer = setTimeout(() => button.replaceChildren(...before), 1500);
  });
};
