// <div data-behaviour="rich"> around a <textarea> of HTML: a light editor (Squire) takes its place; the textarea stays what
// is sent, and can be looked at as source. Without JavaScript the source is what there is.
// Both libraries come only when somebody opens the part, and are vendored: see docs/ui.md.
const TOOLS = [
  ["Bold", "Control+B", (editor) => (editor.hasFormat("B") ? editor.removeBold() : editor.bold())],
  ["Italic", "Control+I", (editor) => (editor.hasFormat("I") ? editor.removeItalic() : editor.italic())],
  ["List", "", (editor) => (editor.hasFormat("UL") ? editor.removeList() : editor.makeUnorderedList())],
  ["Link", "Control+K", null],
  ["Plain", "", (editor) => editor.removeAllFormatting()],
];
const TAGS = ["a", "b", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "hr", "i", "img", "li", "ol", "p", "s", "span", "strong", "u", "ul"];
const MARK = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g;

// The security policy allows no style in the page, so that the light editor cannot show one; nor does it keep any. HTML
// with a layout of its own opens as source and is sent as it was written.
const STYLED = /\sstyle\s*=|<(?:table|center|font)\b/i;
const bare = (html) =>
  html
    .replace(/<(style|script|head|xml)\b[\s\S]*?<\/\1\s*>/gi, "")
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/\s(?:style|on[a-z]+)\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+)/gi, "");

// The signs in a mark of the template language are no HTML: {{ a|default("b") }} in a link would end its address.
const safe = (html) =>
  html.replace(MARK, (mark) => mark.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;"));

// What is typed at the end of a line is a hard space until something follows it.
const spaced = (html) => html.replace(/(?<!&nbsp;|\s|<p>|<li>|<br>)&nbsp;(?!&nbsp;|\s|<\/(?:p|li)>|<br>)/g, " ");

const button = (words, keys) => {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "variable";
  made.textContent = words;
  if (keys) made.setAttribute("aria-keyshortcuts", keys);
  return made;
};

const askForLink = (editor, row) => {
  row.querySelector(".rich-link")?.remove();
  const field = document.createElement("input");
  field.className = "control rich-link";
  field.type = "text";
  field.placeholder = "https://";
  field.setAttribute("aria-label", "Target of the link; empty takes the link off");
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    const target = field.value.trim();
    field.remove();
    editor.focus();
    if (event.key === "Escape") return;
    if (target) editor.makeLink(/^[a-z]+:/i.test(target) ? target : `https://${target}`);
    else editor.removeLink();
  });
  row.append(field);
  field.focus();
};

const build = async (root, textarea) => {
  await import("../../vendor/dompurify-3.4.18/purify.min.js");
  const { default: Squire } = await import("../../vendor/squire-2.4.8/squire.mjs");
  const surface = document.createElement("div");
  surface.className = "control rich-surface";
  surface.setAttribute("role", "textbox");
  surface.setAttribute("aria-multiline", "true");
  surface.setAttribute("aria-label", "HTML of the wording");
  textarea.before(surface);
  const editor = new Squire(surface, {
    blockTag: "P",
    sanitizeToDOMFragment: (html) =>
      window.DOMPurify.sanitize(bare(html), {
        ALLOWED_TAGS: TAGS,
        ALLOWED_ATTR: ["href", "src", "alt", "title", "width", "height", "colspan", "rowspan"],
        ALLOW_DATA_ATTR: false,
        RETURN_DOM_FRAGMENT: true,
      }),
  });
  const load = () => editor.setHTML(safe(textarea.value));
  editor.addEventListener("input", () => {
    textarea.value = surface.textContent.trim() || surface.querySelector("img") ? spaced(editor.getHTML()) : "";
    textarea.dispatchEvent(new Event("input", { bubbles: true }));
  });
  surface.put = (before, after) => {
    editor.focus();
    editor.insertPlainText(before + editor.getSelectedText() + after);
  };
  tools(root, textarea, surface, editor, load);
};

const tools = (root, textarea, surface, editor, load) => {
  const row = document.createElement("div");
  row.className = "variables";
  row.setAttribute("role", "toolbar");
  row.setAttribute("aria-label", "Format");
  for (const [words, keys, act] of TOOLS) {
    const tool = button(words, keys);
    tool.addEventListener("click", () => {
      if (act) act(editor);
      else askForLink(editor, row);
      if (act) editor.focus();
    });
    row.append(tool);
  }
  const source = button("Source", "");
  source.setAttribute("aria-pressed", "false");
  const show = (isSource) => {
    textarea.hidden = !isSource;
    surface.hidden = isSource;
    for (const tool of row.querySelectorAll("button")) if (tool !== source) tool.disabled = isSource;
    source.setAttribute("aria-pressed", String(isSource));
    if (!isSource) load();
  };
  source.title = "The light editor keeps no styles and no tables: write those as source";
  source.addEventListener("click", () => show(!surface.hidden));
  row.append(source);
  surface.before(row);
  editor.setKeyHandler("Control-k", (_editor, event) => {
    event.preventDefault();
    event.stopPropagation();
    askForLink(editor, row);
  });
  show(STYLED.test(textarea.value));
};

export default (root) => {
  const textarea = root.querySelector("textarea");
  if (!textarea || textarea.disabled) return;
  const part = root.closest("details");
  const begin = () => {
    if (!part.open || root.dataset.built) return;
    root.dataset.built = "1";
    build(root, textarea);
  };
  part.addEventListener("toggle", begin);
  begin();
};
